"""Graph learning: which parameter brings about which defect, by which mechanism, on lines nobody labelled.

``dataset`` reads a snapshot, ``training`` fits and judges, ``publish`` writes the card and the hypotheses. torch and
PyTorch Geometric are an extra; without it nothing here but ``capability`` can be used.
"""
