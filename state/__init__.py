"""Keeps the daemon's memory across crashes, in one SQLite file, behind a few verbs."""
