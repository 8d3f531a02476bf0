"""Device descriptions of any kind, read into one record of declared fields before a device has sent anything.

OPC UA NodeSet2, MTConnect, Asset Administration Shells, SAMM aspect models and OWL say the same things in five
ways: which fields there are, in which unit and range, with which values, where in which machine. `describe` in
`describe.py` reads them all into a `Description`, which admission, alignment and ingest share.
"""
