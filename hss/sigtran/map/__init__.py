"""Mobile application part (TS 29.002)."""
