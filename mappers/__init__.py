"""The semantic middleware: any source in, every field's meaning with evidence, quads with provenance out.

``readers`` turn a file into tables, ``profile`` says what each field looks like, ``align`` finds its meaning or
refuses, ``mapping`` is the document a person signs, ``lift`` turns rows into quads, ``ingest`` runs it all.
"""
