"""What paths refer to: schemas that have no model, problems, common parameters and headers."""

from typing import Final

from hss.api import problems
from hss.api.openapi.pieces import Schema, ref
from hss.api.problems import CONTENT_TYPE
from hss.api.resources import ROOT

HEADERS: Final[Schema] = {
    "ETag": {"description": "the version of the record, in double quotes", "schema": {"type": "string"}},
    "Location": {"schema": {"type": "string"}},
    "Link": {"schema": {"type": "string"}},
}

PARAMETERS: Final[Schema] = {
    "after": {
        "name": "after",
        "in": "query",
        "description": "where the page begins: take it from `next` of the page before",
        "schema": {"type": "string"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "the entity tag that the record must have",
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "writing: `*`, create only; reading: the entity tag that the caller has",
        "schema": {"type": "string"},
        "example": "*",
    },
}

SCHEMAS: Final[Schema] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "errors": {"type": "array", "items": ref("schemas", "FieldError")},
        },
    },
    "FieldError": {
        "type": "object",
        "required": ["field", "rule"],
        "properties": {
            "field": {"type": "string", "description": "dotted path; empty: the document as a whole"},
            "rule": {"type": "string"},
            "value": {"type": ["string", "number", "boolean"], "description": "as sent, unless long or secret"},
        },
    },
}


def responses() -> Schema:
    """Describe one response for each status of a problem; kinds of the same status share it."""
    return {f"Problem{status}": _response(status) for status in sorted({kind.status for kind in problems.KINDS})}


def _response(status: int) -> Schema:
    kinds = [kind for kind in problems.KINDS if kind.status == status]
    examples = {
        kind.name: {
            "value": {
                "type": kind.type,
                "title": kind.title,
                "status": status,
                "detail": kind.title,
                "instance": f"{ROOT}/operators/mobile",
            }
        }
        for kind in kinds
    }
    return {
        "description": "; ".join(kind.title for kind in kinds),
        "content": {CONTENT_TYPE: {"schema": ref("schemas", "Problem"), "examples": examples}},
    }


def secrets_marked(definitions: Schema) -> Schema:
    """Mark what is only written and what is only read."""
    for definition in definitions.values():
        for field, schema in definition.get("properties", {}).items():
            if field in problems.SECRET:
                schema["writeOnly"] = True
            if field == "has_credentials":
                schema["readOnly"] = True
    return definitions
