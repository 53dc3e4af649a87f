"""The state as a file: opened, locked, kept private, copied and restored."""
