"""Compiled loops behind datatrove's values."""
