"""Spans in SQLite: one writer thread, readers beside it."""
