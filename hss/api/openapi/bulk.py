"""Import and export of whole subscribers, and of the numbering plan."""

from typing import Final

from hss.api.bulk import BATCH, BATCH_MOST, EXPORT, HELD, IMPORT, NDJSON, SUBSCRIBERS, TYPES
from hss.api.openapi.pieces import Schema, Theme, content, in_query, operation, ref

_TAG: Final = "bulk"
_FILE: Final = content({"type": "string"}, media=[one for types in TYPES.values() for one in types])
_OF: Final = in_query("of", "what the file holds", type="string", enum=list(HELD), default=SUBSCRIBERS)
_FORM: Final = in_query("form", "form of the file", type="string", enum=list(TYPES), default="jsonl")
_PROGRESS: Final[Schema] = {
    "type": "object",
    "description": "one line of the answer to an import",
    "properties": {
        "line": {"type": "integer", "description": "last line that is done; resume behind it"},
        "created": {"type": "integer"},
        "replaced": {"type": "integer"},
        "refused_count": {"type": "integer"},
        "refused": {"type": "array", "items": {"type": "object"}},
        "done": {"type": "boolean"},
    },
}

THEME: Final = Theme(
    tag=_TAG,
    text="Import and export of whole subscribers, and of the numbering plan",
    schemas={"Progress": _PROGRESS},
    paths={
        IMPORT: {
            "post": operation(
                "importSubscribers",
                _TAG,
                "Import subscribers, or what `of` names; a line of JSON after each committed batch",
                answers={
                    "200": {
                        "description": "progress, one JSON object per line",
                        "content": content(ref("schemas", "Progress"), media=(NDJSON,)),
                    }
                },
                errors=("bad-request", "busy"),
                parameters=[
                    _OF,
                    _FORM,
                    in_query(
                        "batch", "lines per transaction", type="integer", minimum=1, maximum=BATCH_MOST, default=BATCH
                    ),
                    in_query("resume_behind", "lines to pass over", type="integer", minimum=0, default=0),
                ],
                body=_FILE,
            )
        },
        EXPORT: {
            "get": operation(
                "exportSubscribers",
                _TAG,
                "Export all subscribers without secrets, or what `of` names",
                answers={"200": {"description": "the file", "content": _FILE}},
                errors=("bad-request", "busy"),
                parameters=[_OF, _FORM],
            )
        },
    },
)
