"""Live sources: OPC UA servers and MQTT brokers, from the first browse to rows in the graph.

A source hands readings to a `Spool`, which keeps them on disk before it returns; only then does the source
acknowledge them. Spools seal micro-batches, and a sealed one is a file like any other: read, aligned, mapped,
lifted, judged and committed by `qualweave.mappers.ingest`. Whatever a protocol cannot bring back is written
down as a gap with its reason and waits in quarantine.

``port`` says what a source is, ``spool`` keeps, ``listening`` runs both; ``opcua`` and ``mqtt`` need the extra
``live`` and are imported nowhere else.
"""
