"""The state: what must survive a crash, in one SQLite file, behind a few verbs."""
