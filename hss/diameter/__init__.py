"""Diameter: codec, peer machine, dispatch, Cx. No I/O."""
