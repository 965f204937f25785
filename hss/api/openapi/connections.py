"""Who is connected."""

from typing import Final

from hss.api.connections import CONNECTIONS
from hss.api.openapi.pieces import Schema, Theme, answer, operation, ref

_TAG: Final = "connections"
_EVERY: Final[Schema] = {
    "name": {"type": "string", "description": "Origin-Host of a peer, asp-N of an ASP that says a number, else empty"},
    "protocol": {"type": "string", "enum": ["diameter", "m3ua"]},
    "transport": {"type": "string", "enum": ["tcp", "tls", "sctp"]},
    "address": {"type": "string", "description": "of the other end"},
    "state": {"type": "string", "description": "of the Diameter watchdog (RFC 3539), or of the ASP (RFC 4666)"},
    "initiated": {"type": "boolean", "description": "by this node"},
    "open_requests": {"type": "integer", "description": "requests of the other end that are being worked out"},
    "connected_s": {"type": "number"},
}
_DIAMETER: Final[Schema] = {
    "realm": {"type": "string", "description": "Diameter: Origin-Realm"},
    "product": {"type": "string", "description": "Diameter: Product-Name"},
    "applications": {
        "type": "array",
        "items": {"type": "integer"},
        "description": "Diameter: identifiers of the common applications",
    },
}
_M3UA: Final[Schema] = {
    "routing_contexts": {"type": "array", "items": {"type": "integer"}, "description": "M3UA: what the ASP serves"}
}
_CONNECTION: Final[Schema] = {
    "type": "object",
    "required": list(_EVERY),
    "properties": _EVERY | _DIAMETER | _M3UA,
}
_LISTING: Final = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": ref("schemas", "Connection")}},
}
_EXAMPLE: Final = {
    "name": "icscf.ims.example",
    "protocol": "diameter",
    "transport": "tcp",
    "address": "127.0.0.1:40312",
    "state": "okay",
    "realm": "ims.example",
    "product": "an I-CSCF",
    "applications": [16777216],
    "initiated": False,
    "open_requests": 0,
    "connected_s": 12.3,
}

THEME: Final = Theme(
    tag=_TAG,
    text="Who is connected, whatever the protocol",
    schemas={"Connection": _CONNECTION},
    paths={
        CONNECTIONS: {
            "get": operation(
                "listConnections",
                _TAG,
                "List the open Diameter peers and the M3UA associations",
                answers={"200": answer("by name and address", _LISTING, example={"items": [_EXAMPLE]})},
            )
        }
    },
)
