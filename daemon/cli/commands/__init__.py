"""The commands with their options and help, a file for each group; a call imports what does the work."""
