"""Registered contacts of a public identity."""

from typing import Final

from hss.api.contacts import PATH
from hss.api.openapi.pieces import (
    GONE,
    MATCH,
    NONE_MATCH,
    NOT_MODIFIED,
    Theme,
    answer,
    content,
    in_path,
    operation,
    schema_of,
)
from schemas.documents import Contact

_TAG: Final = "contacts"
_CONTACT: Final = schema_of(Contact)
_EXAMPLE: Final = {"uri": "sip:alice@192.0.2.7:5060", "path": ["sip:pcscf1.ims.example;lr"], "q": 0.9}
_IDENTITY: Final = in_path("identity", "public identity", "sip:alice@ims.example")
_LISTING: Final = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {"items": {"type": "array", "items": _CONTACT}, "next": {"type": "null"}},
}
_SEVERAL: Final = {"200": answer("the contacts", _LISTING, "ETag")}
_STORED: Final = ("not-found", "version-mismatch", "bad-request", "contended")

THEME: Final = Theme(
    tag=_TAG,
    text="Registered contacts of a public identity",
    models=(Contact,),
    paths={
        PATH: {
            "parameters": [_IDENTITY],
            "get": operation(
                "listContacts",
                _TAG,
                "List contacts",
                errors=("not-found", "bad-request"),
                answers=_SEVERAL | NOT_MODIFIED,
                parameters=[NONE_MATCH],
            ),
            "put": operation(
                "putContacts",
                _TAG,
                "Replace all contacts",
                errors=_STORED,
                answers=_SEVERAL,
                parameters=[MATCH],
                body=content({"type": "array", "items": _CONTACT}, [_EXAMPLE]),
            ),
            "post": operation(
                "addContact",
                _TAG,
                "Add a contact",
                errors=(*_STORED, "exists"),
                parameters=[MATCH],
                answers={"201": answer("added", _CONTACT, "ETag", "Location")},
                body=content(_CONTACT, _EXAMPLE),
            ),
            "delete": operation(
                "clearContacts", _TAG, "Remove all contacts", errors=_STORED, answers=GONE, parameters=[MATCH]
            ),
        },
        f"{PATH}/{{uri}}": {
            "parameters": [_IDENTITY, in_path("uri", "URI of the contact", _EXAMPLE["uri"])],
            "delete": operation(
                "deleteContact", _TAG, "Remove a contact", errors=_STORED, answers=GONE, parameters=[MATCH]
            ),
        },
    },
)
