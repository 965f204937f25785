"""Where calls to numbers go."""

from typing import Final

from hss.api.bodies import JSON
from hss.api.bulk import NDJSON
from hss.api.openapi.pieces import ANYTHING, GONE, Theme, answer, content, in_path, in_query, operation
from hss.api.routes import DEFAULTS, MOST_CONFLICTS, ROUTE
from hss.services.routing import MOST_PINNED
from hss.services.routing_queries import VIEWS

_TAG: Final = "routing"
_NUMBER: Final = {"type": ["string", "object"], "description": "a number, or a query with `called`"}
_FAILURES: Final = ("bad-request", "unavailable")
_DEVICES: Final = {
    "type": "object",
    "additionalProperties": {"type": "string"},
    "description": "what each device does, by branch (`b1`) or contact: `180@1 200@12` (status and seconds after the "
    "INVITE), `error@2` (transport error), `silent`; behind a 3xx its contacts, `302@1=sip:new@192.0.2.9`, with commas "
    "between them. A device that is not named is silent; one that the call does not have is refused",
}
_SIMULATION: Final = {
    "type": "object",
    "description": "a query, and what the devices do",
    "required": ["called"],
    "properties": {
        "devices": _DEVICES,
        "rung_out": {
            "type": ["integer", "null"],
            "minimum": 300,
            "maximum": 699,
            "description": "what the caller gets when every branch was only cancelled or silent",
        },
        "recurse": {
            "type": "boolean",
            "default": False,
            "description": "the contacts of a 3xx are called, unless `request_disposition` says no-recurse",
        },
    },
}
_SECONDS: Final = {"type": "number", "minimum": 0}
_LADDER_LINE: Final = {
    "type": "object",
    "properties": {
        "at_s": _SECONDS,
        "what": {
            "enum": ["INVITE", "CANCEL", "response", "forward", "timeout", "transport-error", "not-called"],
            "description": "`response` came from the branch, `forward` went to the caller",
        },
        "branch": {"type": ["string", "null"]},
        "status": {"type": ["integer", "null"]},
        "why": {"type": ["string", "null"]},
    },
}
_PLAYED: Final = {
    "type": "object",
    "required": ["plan", "ladder", "lines", "status", "answered_s", "ended_s"],
    "properties": {
        "plan": ANYTHING,
        "ladder": {"type": "array", "items": _LADDER_LINE},
        "lines": {"type": "array", "items": {"type": "string"}, "description": "the ladder for a person"},
        "status": {"type": "integer", "description": "what the caller gets"},
        "answered_s": {**_SECONDS, "description": "when the caller gets it, after the first INVITE"},
        "ended_s": {**_SECONDS, "description": "when the last branch is done"},
    },
}

THEME: Final = Theme(
    tag=_TAG,
    text="Where calls to numbers go, and why",
    paths={
        ROUTE: {
            "post": operation(
                "route",
                _TAG,
                "Route one number, `queries` in one document, or a stream of lines, each answered by a line",
                answers={"200": {"description": "plans", "content": content(ANYTHING, media=(JSON, NDJSON))}},
                errors=(*_FAILURES, "busy"),
                parameters=[
                    in_query("view", "how much of a plan is shown", type="string", enum=list(VIEWS), default=VIEWS[0]),
                    *(in_query(name, "for queries that do not say it", type="string") for name in DEFAULTS),
                ],
                body=content(_NUMBER, {"called": "+49-721-957829-0", "kind": "text"})
                | content(_NUMBER, media=(NDJSON,)),
            )
        },
        f"{ROUTE}/iam": {
            "post": operation(
                "routeIam",
                _TAG,
                "Turn an ISUP IAM into the SIP INVITE that a gateway would send",
                answers={"200": answer("the IAM, the plan and the INVITE", ANYTHING)},
                errors=_FAILURES,
                body=content(ANYTHING, {"iam": "010060000A000200080410942791752809", "host": "mgcf1.fixed.example"}),
            )
        },
        f"{ROUTE}/simulate": {
            "post": operation(
                "simulateFork",
                _TAG,
                "Play the call to a number against devices; refused where no SIP status ends it here",
                answers={"200": answer("the timed INVITE, CANCEL and response lines", _PLAYED)},
                errors=_FAILURES,
                body=content(
                    _SIMULATION,
                    {
                        "called": "+497219578290",
                        "devices": {
                            "b1": "180@1 200@12",
                            "b2": "302@2=sip:new@192.0.2.9",
                            "sip:new@192.0.2.9": "486@1",
                        },
                        "recurse": True,
                    },
                ),
            )
        },
        f"{ROUTE}/diff": {
            "post": operation(
                "compareGenerations",
                _TAG,
                "Show which numbers two generations of the tables route differently",
                answers={"200": answer("the differences", ANYTHING)},
                errors=(*_FAILURES, "not-found"),
                body=content(ANYTHING, {"old": 1, "new": 1, "queries": ["+497219578290"]}),
            )
        },
        f"{ROUTE}/tables": {
            "get": operation(
                "routingTables",
                _TAG,
                "Show the generation in use, and the earlier ones that can be compared with it",
                answers={"200": answer("number, hash and counts", ANYTHING)},
                errors=("bad-request",),
            )
        },
        f"{ROUTE}/tables/keep": {
            "post": operation(
                "keepTables",
                _TAG,
                f"Keep the generation in use until it is let go, to compare others with it; {MOST_PINNED} can be kept",
                answers={"200": answer("number, hash and counts", ANYTHING)},
                errors=("bad-request", "still-needed", "unavailable"),
            )
        },
        f"{ROUTE}/tables/{{generation}}": {
            "delete": operation(
                "letTablesGo",
                _TAG,
                "Keep a generation no longer than any other",
                answers=GONE,
                errors=("bad-request", "not-found"),
                parameters=[in_path("generation", "the number of a generation that is kept on demand", 7)],
            )
        },
        f"{ROUTE}/check": {
            "get": operation(
                "checkTables",
                _TAG,
                "List overlaps and contradictions of the tables, with both sides",
                answers={"200": answer("the contradictions", ANYTHING)},
                errors=_FAILURES,
                parameters=[
                    in_query("limit", "how many", type="integer", minimum=1, maximum=MOST_CONFLICTS, default=100)
                ],
            )
        },
    },
)
