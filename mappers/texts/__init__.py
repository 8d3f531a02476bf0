"""What people write of trouble: read to candidate concepts with places, reviewed by persons, exchanged as a corpus.

`reading` finds concepts, `states` says which of them are claimed, denied or past, `details` what is said of them;
`corpus` keeps texts with what persons decided, `exchange` writes and reads them as JSON Lines.
"""
