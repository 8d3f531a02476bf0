"""Mapping documents as things that people edit: checked, compared, tried out, and exchanged with others."""
