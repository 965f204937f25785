"""Protocol numbers: one enum per registry."""
