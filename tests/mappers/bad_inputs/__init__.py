"""Inputs that no one wants and every plant has, made by code; each with what must become of it."""
