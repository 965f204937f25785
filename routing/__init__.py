"""Number routing: pure, without I/O."""
