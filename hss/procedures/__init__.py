"""Decisions: pure functions from a request and what is known to an answer."""
