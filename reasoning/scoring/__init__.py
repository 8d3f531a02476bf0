"""Scores of items by weighted deviation, and what another version of the weights does to them (R94)."""
