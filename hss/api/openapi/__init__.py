"""The OpenAPI 3.1 description. Pure.

The module here that has the name of a module of handlers describes its routes, as a `Theme`; `resources` describes the
whole catalogue. A theme is a row of `THEMES` in `document`, and is described where its routes are served.
"""

from hss.api.openapi.document import describe

__all__ = ["describe"]
