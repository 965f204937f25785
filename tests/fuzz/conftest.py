"""Laws say nothing about speed: a loaded machine must not make one fail."""

from hypothesis import settings

settings.register_profile("laws", deadline=None)
settings.load_profile("laws")
