"""What people are told, as plain frozen values: the commands draw them, and pages may draw the same."""
