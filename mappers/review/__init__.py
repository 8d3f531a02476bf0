"""What persons do about the mapper's questions: the queue, deciding one or a family, undoing, asking again.

`queue` lists what waits, `settle` decides, `undo` takes a decision back, `reconsider` aligns again what a decision or a
release of the ontology touches, `record` is the decision as the governance graph keeps it, `intent` keeps whole what is
killed half-way.
"""
