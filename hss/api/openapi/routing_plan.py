"""Schemas of what is answered about routing: the plan with its parts, and everything beside it."""

from collections.abc import Mapping
from typing import Final

from hss.api.openapi.pieces import Schema, ref
from hss.api.openapi.routing_query import FLAG, TEXT, WHOLE, closed, listed, or_null, said, words
from routing.contacts import Fork
from routing.normalise import Code, Kind, Warned

LADDER: Final = ("INVITE", "CANCEL", "response", "forward", "timeout", "transport-error", "not-called")
MAYBE_TEXT: Final = or_null(TEXT)
MAYBE_WHOLE: Final = or_null(WHOLE)
NUMBER: Final[Schema] = {"type": "number"}
_CALLED: Final[Schema] = {"type": ["string", "object"]}
_NODES: Final = listed(TEXT)


def _whole(description: str, properties: Mapping[str, Schema]) -> Schema:
    """Describe an object that always has all of its fields."""
    return closed(description, properties, properties)


def _part(description: str, properties: Mapping[str, Schema]) -> Schema:
    """Describe a part of a plan: null where the query did not reach it."""
    return or_null({**_whole(description, properties)})


_EXCLUDED: Final = _whole("a node that cannot be chosen", {"node": TEXT, "why": TEXT})
_SIP: Final = said(MAYBE_WHOLE, "SIP status that ends the call; null: it goes on")
_CAUSE: Final = said(MAYBE_WHOLE, "cause value of ISUP (Q.850)")

STEP: Final = closed(
    "a step of the decision",
    {
        "step": said(WHOLE, "place in the order of decision"),
        "what": TEXT,
        "in": TEXT,
        "out": TEXT,
        "rule": TEXT,
        "why": TEXT,
        "probes": said(WHOLE, "look-ups"),
        "lost": listed(_whole("a candidate that was not taken", {"candidate": TEXT, "why": TEXT})),
    },
    ["step", "what"],
)
_BRANCH: Final = _whole(
    "an INVITE",
    {
        "id": TEXT,
        "contact": TEXT,
        "q": said(NUMBER, "preference", minimum=0, maximum=1),
        "path": said(_NODES, "URIs of the header Path"),
        "next_hop": TEXT,
        "instance": MAYBE_TEXT,
        "device": MAYBE_TEXT,
    },
)
_GROUP: Final = _whole(
    "INVITEs that start together", {"n": WHOLE, "start": TEXT, "start_s": NUMBER, "branches": listed(_BRANCH)}
)
_EXPECT: Final = _whole(
    "what a test may expect of the plan",
    {
        "invites": WHOLE,
        "invites_per_pcscf": {"type": "object", "additionalProperties": WHOLE},
        "ends_s": or_null(NUMBER),
        "on_2xx": TEXT,
        "on_6xx": TEXT,
        "ring_limit": TEXT,
        "all_failed": TEXT,
        "nobody_registered": WHOLE,
    },
)

PLAN_PARTS: Final[Mapping[str, Schema]] = {
    "query": _whole(
        "the query as it was understood",
        {
            "called": _CALLED,
            "kind": words(Kind),
            "profile": said(TEXT, "name of the dial plan"),
            "at": {**TEXT, "format": "date-time"},
            "seed": WHOLE,
            "fork": or_null({"oneOf": [words(Fork)]}),
            "request_disposition": MAYBE_TEXT,
            "trusted": FLAG,
            "dipped": FLAG,
            "follow": FLAG,
            "suppose": ref("schemas", "RouteSuppositions"),
        },
    ),
    "table": _whole("the generation of the tables", {"generation": WHOLE, "sha256": TEXT}),
    "number": _part(
        "the canonical number",
        {
            "kind": words(("global", "local")),
            "digits": TEXT,
            "e164": said(MAYBE_TEXT, "plus and digits; null for a local number"),
            "cc": said(MAYBE_TEXT, "country code"),
            "tel_uri": TEXT,
            "enum": said(MAYBE_TEXT, "domain name in the ENUM tree"),
            "complete": {"enum": [True, "unknown"]},
            "ddi_stem": MAYBE_TEXT,
            "ddi_ext": said(MAYBE_TEXT, "digits behind the stem"),
            "ext": MAYBE_TEXT,
            "isub": MAYBE_TEXT,
            "npdi": said(FLAG, "portability was looked up"),
            "rn": said(MAYBE_TEXT, "routing number"),
            "cic": said(MAYBE_TEXT, "carrier"),
            "phone_context": MAYBE_TEXT,
            "service": said(MAYBE_TEXT, "URN of an emergency or other service"),
            "route_status": said(MAYBE_WHOLE, "SIP status where the number leads nowhere"),
            "sip_host": said(MAYBE_TEXT, "host of a SIP URI"),
            "st": said(FLAG, "a stop signal came"),
            "rule": TEXT,
            "warnings": listed(words(Warned)),
        },
    ),
    "error": _part(
        "why it is no number",
        {
            "code": words(Code),
            "why": TEXT,
            "position": said(MAYBE_WHOLE, "in the input, counted from 0"),
            "rule": said(TEXT, "clause that it breaks"),
            "sip_status": WHOLE,
            "isup_cause": WHOLE,
        },
    ),
    "portability": _part(
        "what is known of porting",
        {
            "dipped": said(FLAG, "looked up here"),
            "source": MAYBE_TEXT,
            "ported": FLAG,
            "rn": MAYBE_TEXT,
            "rn_context": MAYBE_TEXT,
            "npdi": FLAG,
        },
    ),
    "operator": _part(
        "the operator, and what decided",
        {
            "id": {"type": ["string", "integer"]},
            "name": TEXT,
            "type": said(WHOLE, "1: the HSS is asked by sendRoutingInfo; 2: numbers are translated by rule"),
            "home": FLAG,
            "matched": TEXT,
            "match": said(TEXT, "how: full-number, ported, prefix, ddi-stem ..."),
            "also_matched": said(listed(TEXT), "shorter ranges that would have fitted"),
        },
    ),
    "entry": _part(
        "where the call enters the operator",
        {"node": MAYBE_TEXT, "function": TEXT, "procedure": TEXT, "hss_query": FLAG},
    ),
    "tel_uri": MAYBE_TEXT,
    "request_uri": said(MAYBE_TEXT, "Request-URI of the INVITE"),
    "icscf": _part(
        "the I-CSCFs in the order in which they are to be tried",
        {
            "chosen": MAYBE_TEXT,
            "policy": MAYBE_TEXT,
            "key": TEXT,
            "turn": said(MAYBE_WHOLE, "counter of a round-robin pool"),
            "ranking": _NODES,
            "excluded": listed(_EXCLUDED),
        },
    ),
    "location": _part(
        "the decision of LIR",
        {
            "procedure": TEXT,
            "public_identity": MAYBE_TEXT,
            "result": said(WHOLE, "result code of the LIA"),
            "scscf": MAYBE_TEXT,
            "matched_as": MAYBE_TEXT,
            "why": MAYBE_TEXT,
            "direct_routing": said(FLAG, "`scscf` is the application server of a public service identity"),
            "unregistered": said(FLAG, "nobody is registered; services for that state take the call"),
        },
    ),
    "irs": _part(
        "the implicit registration set",
        {"id": TEXT, "default": MAYBE_TEXT, "identities": listed(TEXT), "barred": listed(TEXT)},
    ),
    "fork": _part(
        "the forking plan",
        {
            "mode": words(Fork),
            "decided_by": TEXT,
            "request_disposition": MAYBE_TEXT,
            "ring_s": said(or_null(NUMBER), "limit of a group"),
            "max_targets": WHOLE,
            "groups": listed(_GROUP),
            "dropped": listed(_whole("a contact that is not called", {"contact": TEXT, "why": TEXT})),
            "expect": _EXPECT,
        },
    ),
    "outcome": _whole(
        "how it ends",
        {
            "status": said(TEXT, "routed, incomplete, unknown, invalid, unregistered, circuit-switched, forwarded ..."),
            "sip": _SIP,
            "isup_cause": _CAUSE,
            "code": said(MAYBE_TEXT, "code of the error of the number"),
            "why": MAYBE_TEXT,
        },
    ),
    "trace": listed(STEP),
}

BRIEF: Final[Mapping[str, Schema]] = {
    "called": _CALLED,
    **dict.fromkeys(
        (
            *("number", "operator", "type", "match", "routing_number", "entry"),
            *("request_uri", "icscf", "scscf", "branches", "fork"),
        ),
        MAYBE_TEXT,
    ),
    "outcome": TEXT,
    "sip": _SIP,
    "isup_cause": _CAUSE,
    "code": MAYBE_TEXT,
}
_LINES: Final = said(listed(TEXT), "view `text`: the plan for a person")
_TRACE_LINES: Final = said(listed(TEXT), "view `text`: the trace for a person")
_LINE: Final = said(WHOLE, "of a stream, counted from 1; blank lines count")
_FAULT: Final = {"field": said(TEXT, "dotted path; empty: the query as a whole"), "rule": TEXT}
_GENERATION: Final[Mapping[str, Schema]] = {
    "generation": WHOLE,
    "sha256": TEXT,
    "operators": WHOLE,
    "prefixes": WHOLE,
    "stems": WHOLE,
    "numbers": WHOLE,
    "ported": WHOLE,
    "build_conflicts": said(WHOLE, "contradictions seen while building; /route/check looks at every number"),
    "kept": said(FLAG, "kept on demand"),
}
_LADDER: Final = _whole(
    "a line of the ladder",
    {
        "at_s": NUMBER,
        "what": said(words(LADDER), "`response` came from the branch, `forward` went to the caller"),
        "branch": said(MAYBE_TEXT, "null: the caller"),
        "status": MAYBE_WHOLE,
        "why": MAYBE_TEXT,
    },
)
_SIGNALS: Final = _whole("a number of the telephone network", {"noa": WHOLE, "npi": WHOLE, "digits": TEXT})
_PLAN: Final = ref("schemas", "RoutePlan")
_CHANGE: Final = _whole("a fact that differs", {"what": TEXT, "old": MAYBE_TEXT, "new": MAYBE_TEXT})

SCHEMAS: Final[Mapping[str, Schema]] = {
    "RoutePlan": closed(
        "the way of a call; parts that it did not reach are null",
        {**PLAN_PARTS, "lines": _LINES, "trace_lines": _TRACE_LINES},
        PLAN_PARTS,
    ),
    "RouteBrief": _whole("view `brief`: where a call goes", BRIEF),
    "RouteRefusal": _whole(
        "what stands in the place of a plan where a query is refused",
        {"error": closed("what is wrong", {"line": _LINE, **_FAULT}, _FAULT)},
    ),
    "RouteAnswer": {"oneOf": [_PLAN, ref("schemas", "RouteBrief"), ref("schemas", "RouteRefusal")]},
    "RouteAnswers": _whole(
        "the answers to `queries`, in their order", {"plans": listed(ref("schemas", "RouteAnswer"))}
    ),
    "RouteInvite": _whole(
        "the INVITE of an IAM",
        {
            "iam": _whole(
                "the IAM as it was understood",
                {
                    "circuit": MAYBE_WHOLE,
                    "translated": said(FLAG, "portability was looked up before"),
                    "category": WHOLE,
                    "medium": WHOLE,
                    "called": said(TEXT, "octets of the called party number"),
                    "ported": said(MAYBE_TEXT, "octets of the number that was dialled, where that was ported"),
                    "calling": _part(
                        "the calling party number", {"signals": _SIGNALS, "presentation": WHOLE, "screening": WHOLE}
                    ),
                },
            ),
            "plan": _PLAN,
            "invite": said(MAYBE_TEXT, "start line and headers; null: the call goes to no I-CSCF"),
            "invite_octets": said(MAYBE_TEXT, "the whole message in hexadecimal"),
            "next_hop": _part("where it goes", {"host": TEXT, "port": WHOLE, "transport": TEXT}),
            "release_cause": said(MAYBE_WHOLE, "cause value of the REL where the call is released"),
        },
    ),
    "RouteLadder": _whole(
        "a call that was played",
        {
            "plan": _PLAN,
            "ladder": listed(_LADDER),
            "lines": said(listed(TEXT), "the ladder for a person"),
            "status": said(WHOLE, "what the caller gets"),
            "answered_s": said(NUMBER, "when the caller gets it"),
            "ended_s": said(NUMBER, "when the last branch was done"),
        },
    ),
    "RouteDifferences": _whole(
        "what two generations route differently",
        {
            "compared": WHOLE,
            "differences": listed(
                _whole(
                    "a number that goes another way",
                    {
                        "called": _CALLED,
                        "changes": listed(_CHANGE),
                        "old_trace": listed(TEXT),
                        "new_trace": listed(TEXT),
                    },
                )
            ),
            "refused": listed(
                _whole("a query that was not compared", {"query": said(WHOLE, "its place, counted from 1"), **_FAULT})
            ),
        },
    ),
    "RouteGeneration": _whole("a generation of the tables", _GENERATION),
    "RouteTables": _whole(
        "the generation in use, and earlier ones",
        {
            "ready": said(FLAG, "the first tables are built"),
            **_GENERATION,
            "nodes": said(listed(TEXT), "entry nodes and I-CSCFs of all operators"),
            "earlier": said(listed(ref("schemas", "RouteGeneration")), "those that can be compared, oldest first"),
        },
    ),
    "RouteContradictions": _whole(
        "rows that contradict each other",
        {
            "generation": WHOLE,
            "conflicts": listed(
                _whole("two rows that cannot both be right", {"what": TEXT, "row": TEXT, "other": TEXT, "why": TEXT})
            ),
            "more": said(FLAG, "there are more than `limit`"),
        },
    ),
}
