"""Homeward: an HSS and routing control plane for IMS test beds."""

__version__ = "0.1.0"
