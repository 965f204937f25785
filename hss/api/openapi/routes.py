"""Where calls to numbers go."""

from typing import Final

from hss.api.bodies import JSON
from hss.api.bulk import NDJSON
from hss.api.openapi.pieces import GONE, Schema, Theme, answer, content, in_path, in_query, operation, ref
from hss.api.openapi.routing_plan import SCHEMAS as ANSWERED
from hss.api.openapi.routing_query import QUERY_FIELDS
from hss.api.openapi.routing_query import SCHEMAS as ASKED
from hss.api.routes import DEFAULTS, MOST_CONFLICTS, ROUTE
from hss.services.routing import MOST_PINNED
from hss.services.routing_queries import VIEWS

_TAG: Final = "routing"
_FAILURES: Final = ("bad-request", "unavailable")

_ASKED: Final[Schema] = {"oneOf": [ref("schemas", "RouteQuery"), ref("schemas", "RouteQueries")]}
_ANSWERED: Final[Schema] = {
    "description": "a plan, or a list of them where `queries` were asked",
    "oneOf": [ref("schemas", name) for name in ("RoutePlan", "RouteBrief", "RouteAnswers")],
}
_PLANS: Final = content(_ANSWERED, media=(JSON,))
_LINES: Final = content(ref("schemas", "RouteAnswer"), media=(NDJSON,))  # a line


def _default(name: str) -> Schema:
    """Describe a field of a query as a parameter: what counts where a query does not say it."""
    field = QUERY_FIELDS[name]
    schema = field if "type" in field else {"type": "string"}
    meaning = {key: value for key, value in schema.items() if key != "description"}
    return in_query(name, f"for queries that do not say it: {field['description']}", **meaning)


THEME: Final = Theme(
    tag=_TAG,
    text="Where calls to numbers go, and why",
    schemas={**ASKED, **ANSWERED},
    paths={
        ROUTE: {
            "post": operation(
                "route",
                _TAG,
                "Route one number, `queries` in one document, or a stream of lines, each answered by a line",
                answers={"200": {"description": "plans", "content": _PLANS | _LINES}},
                errors=(*_FAILURES, "busy"),
                parameters=[
                    in_query("view", "how much of a plan is shown", type="string", enum=list(VIEWS), default=VIEWS[0]),
                    *(_default(name) for name in DEFAULTS),
                ],
                body=content(_ASKED, {"called": "+49-721-957829-0", "kind": "text"})
                | content(ref("schemas", "RouteQuery"), media=(NDJSON,)),
            )
        },
        f"{ROUTE}/iam": {
            "post": operation(
                "routeIam",
                _TAG,
                "Turn an ISUP IAM into the SIP INVITE that a gateway would send",
                answers={"200": answer("the IAM, the plan and the INVITE", ref("schemas", "RouteInvite"))},
                errors=_FAILURES,
                body=content(
                    ref("schemas", "RouteIam"),
                    {"iam": "010060000A000200080410942791752809", "host": "mgcf1.fixed.example"},
                ),
            )
        },
        f"{ROUTE}/simulate": {
            "post": operation(
                "simulateFork",
                _TAG,
                "Play the call to a number against devices; refused where no SIP status ends it here",
                answers={"200": answer("the timed INVITE, CANCEL and response lines", ref("schemas", "RouteLadder"))},
                errors=_FAILURES,
                body=content(
                    ref("schemas", "RouteSimulation"),
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
                answers={"200": answer("the differences", ref("schemas", "RouteDifferences"))},
                errors=(*_FAILURES, "not-found"),
                body=content(ref("schemas", "RouteComparison"), {"old": 1, "new": 1, "queries": ["+497219578290"]}),
            )
        },
        f"{ROUTE}/tables": {
            "get": operation(
                "routingTables",
                _TAG,
                "Show the generation in use, and the earlier ones that can be compared with it",
                answers={"200": answer("number, hash and counts", ref("schemas", "RouteTables"))},
                errors=("bad-request",),
            )
        },
        f"{ROUTE}/tables/keep": {
            "post": operation(
                "keepTables",
                _TAG,
                f"Keep the generation in use until it is let go, to compare others with it; {MOST_PINNED} can be kept",
                answers={"200": answer("number, hash and counts", ref("schemas", "RouteGeneration"))},
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
                answers={"200": answer("the contradictions", ref("schemas", "RouteContradictions"))},
                errors=_FAILURES,
                parameters=[
                    in_query("limit", "how many", type="integer", minimum=1, maximum=MOST_CONFLICTS, default=100)
                ],
            )
        },
    },
)
