"""Tests of the example plant."""
