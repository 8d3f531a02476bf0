"""What the ontology is aligned to: tables, manifest, what kinds fit, and the check of every aligned IRI."""
