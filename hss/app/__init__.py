"""Wiring: configuration, start, stop, observation."""
