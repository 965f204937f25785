"""Homeward: an HSS and routing control plane for IMS test beds."""

from typing import Final

__version__: Final = "0.1.0"
