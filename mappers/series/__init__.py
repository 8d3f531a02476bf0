"""Numbers at rate: samples, spectra and what else is too many for triples.

``contents`` keeps them as Parquet files named by their hash, ``axis`` finds out whether a table is a series and when
each sample was taken, ``segments`` lifts one to a node per parameter with pointer, hash and statistics, ``rate``
decides whether a live field comes at a rate and ``live`` parts its samples from events, ``spectra`` lifts spectra of
lots, ``npz`` reads arrays of NumPy.
"""
