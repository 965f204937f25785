"""The whole document: the catalogue, the themes, and the components that they refer to."""

from collections.abc import Container, Sequence
from typing import Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hss.api.catalogue import KINDS
from hss.api.openapi import (
    bulk,
    connections,
    contacts,
    map,  # noqa: A004 - the protocol
    resources,
    routes,
    subscribers,
    watching,
)
from hss.api.openapi.components import HEADERS, PARAMETERS, SCHEMAS, responses, secrets_marked
from hss.api.openapi.pieces import Schema, Theme

THEMES: Final = (
    contacts.THEME,
    subscribers.THEME,
    bulk.THEME,
    map.THEME,
    routes.THEME,
    connections.THEME,
    watching.THEME,
)

_INTRODUCTION: Final = (
    "Records have natural keys. PUT replaces a record and may be repeated; PATCH merges (RFC 7396). The entity tag is "
    "the version: send it back as If-Match, or If-None-Match: * to create only. A part of a subscription has the "
    "entity tag of the subscription. Errors are problem details (RFC 9457); `errors` names fields by a dotted path. "
    "A document that breaks a rule is 422; a value that another record has, or a record still needed, is 409. "
    "Callers on loopback need no token unless the configuration says so; all others send one."
)


def describe(version: str, *, page: int, page_most: int, served: Container[str]) -> Schema:
    """Make the whole document. `served` are the paths that there are: a theme without any is left out."""
    themes = [theme for theme in THEMES if any(path in served for path in theme.paths)]
    paths: Schema = {}
    for kind in KINDS:
        paths |= resources.paths(kind, page, page_most)
    for theme in themes:
        paths |= theme.paths
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Homeward management API",
            "version": version,
            "summary": "Operators, subscribers and peers of the HSS emulator",
            "description": _INTRODUCTION,
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "tags": [
            *({"name": kind.path, "description": kind.notes or kind.many} for kind in KINDS),
            *({"name": theme.tag, "description": theme.text} for theme in themes),
        ],
        "paths": paths,
        "components": {
            "schemas": _schemas(themes),
            "responses": responses(),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(themes: Sequence[Theme]) -> Schema:
    """Describe every document once, as it is written; secrets are marked as such."""
    models: list[type[BaseModel]] = [kind.model for kind in KINDS]
    models += [model for theme in themes for model in theme.models]
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    found = secrets_marked(definitions["$defs"]) | SCHEMAS
    for theme in themes:
        found |= theme.schemas
    return found
