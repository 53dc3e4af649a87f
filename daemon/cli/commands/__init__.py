"""The commands with their options and help, a file for each group. A call imports the code that does the work."""
