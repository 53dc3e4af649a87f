"""Makes a note of each comment."""
