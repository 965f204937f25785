"""Schemas of what can be asked about routing. Names, enums and bounds come from the tables that read a query."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from hss.api.openapi.pieces import Schema, ref
from hss.services.routing_desk import GATEWAY, MOST_QUERIES
from hss.services.routing_fields import (
    FIELDS,
    LARGEST_SEED,
    LONGEST_CALLED,
    MOST_DOWN,
    NONE_ALLOWED,
    PLAIN_PROFILE,
    PROFILE,
    SUPPOSITIONS,
)
from routing.contacts import Fork
from routing.normalise import Kind, Warned

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
FLAG: Final[Schema] = {"type": "boolean"}


def said(schema: Schema, description: str, **more: object) -> Schema:
    """Say what a value means."""
    return {**schema, **more, "description": description}


def or_null(schema: Schema) -> Schema:
    """Allow null too."""
    return (
        {"oneOf": [schema, {"type": "null"}]} if "type" not in schema else {**schema, "type": [schema["type"], "null"]}
    )


def words(values: Iterable[StrEnum | str]) -> Schema:
    """Allow some words."""
    return {"type": "string", "enum": [str(value) for value in values]}


def listed(schema: Schema, **more: object) -> Schema:
    """Allow a list."""
    return {"type": "array", "items": schema, **more}


def closed(description: str, properties: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    """Describe an object that has nothing else."""
    made: Schema = {"type": "object", "description": description, "properties": dict(properties)}
    if names := list(required):
        made["required"] = names
    return {**made, "additionalProperties": False}


def _signals(nature: str, plan: str) -> Schema:
    fields = {
        nature: said(WHOLE, "nature of address: 1 subscriber, 2 unknown, 3 national, 4 international"),
        plan: said(WHOLE, "numbering plan; 1 is E.164"),
        "digits": said(TEXT, "address signals in hexadecimal; a last F is ST"),
    }
    return closed("fields of a number of the telephone network", fields, fields)


_CALLED: Final[Schema] = {
    "description": f"the number, in the form that `kind` names: text of at most {LONGEST_CALLED} characters; for "
    "`isup` and `gt` fields, or the text `4,1,497219578290`",
    "oneOf": [{**TEXT, "maxLength": LONGEST_CALLED}, _signals("noa", "npi"), _signals("nai", "np")],
}
_AT: Final[Schema] = {
    "description": "time of the call: ISO 8601 (UTC where no zone is said), or seconds since 1970; default: now",
    "oneOf": [{**TEXT, "examples": ["2026-11-21T18:00:00Z"]}, {"type": "number", "minimum": 0}],
}

QUERY_FIELDS: Final[Mapping[str, Schema]] = {
    "called": _CALLED,
    "kind": said(words(Kind), "the form of `called`; it is never guessed", default=str(Kind.TEXT)),
    "at": _AT,
    "seed": said(WHOLE, "decides choices by chance", minimum=0, maximum=LARGEST_SEED, default=0),
    "trusted": said(FLAG, "believe number portability that comes in the number", default=True),
    "dipped": said(FLAG, "signalling beside the number says that it was looked up before", default=False),
    "follow": said(FLAG, "go on to the S-CSCF and the contacts", default=True),
    "explain": said(FLAG, "record the trace", default=True),
    "fork": said(words(Fork), "forking, in place of the user's own choice"),
    "request_disposition": said(TEXT, "directives as in the SIP header Request-Disposition", examples=["no-fork"]),
    "suppose": ref("schemas", "RouteSuppositions"),
    "operator": said(TEXT, "the operator whose users dial: its dial plan counts"),
    "profile": {
        "description": "the dial plan: its name (an operator's, or de-pstn), or fields of it",
        "oneOf": [TEXT, ref("schemas", "RouteProfile")],
    },
}

_OF_TYPE: Final = {str: TEXT, int: WHOLE, bool: FLAG}
_OTHER_PROFILE: Final[Mapping[str, Schema]] = {
    "ddi": {
        "type": "object",
        "additionalProperties": listed({**WHOLE, "minimum": 1}, minItems=2, maxItems=2),
        "examples": [{"49721957829": [1, 4]}],
    },
    "contexts": {"type": "object", "additionalProperties": words(("national", "opaque"))},
    "emergency": listed(TEXT),
    "short_codes": listed(TEXT),
    "carrier_selection": listed(TEXT),
    "refuse": listed(words(Warned)),
}
PROFILE_MEANING: Final[Mapping[str, str]] = {
    "name": "what a plan calls it",
    "cc": "country code",
    "ndc": "area code; null: none",
    "trunk": "prefix of national numbers; null: none",
    "intl": "prefix of international numbers; null: none",
    "carrier_selection": "prefixes that select a carrier",
    "ddi": "DDI stems with the least and the most digits behind them, where the tables have none",
    "rn_len": "digits of a routing number in front of an ISUP number",
    "strict_e164": "refuse numbers of more than 15 digits",
    "lenient_npdi": "take `npdi=yes` (RFC 3398 8.2.1.1), with a warning",
    "contexts": "contexts of local numbers that mean something here",
    "emergency": "emergency numbers",
    "short_codes": "other numbers that are never global",
    "enum_suffix": "the ENUM tree",
    "refuse": "warnings that are errors here",
}

SUPPOSITION_MEANING: Final = {
    "down": "hosts of entry nodes, I-CSCFs and S-CSCFs that do not answer",
    "scscf_unset": "the user has no S-CSCF",
    "nobody_registered": "nobody is registered",
    "hss_unreachable": "the HSS does not answer",
}


def _profile_field(name: str) -> Schema:
    if name not in PLAIN_PROFILE:
        return said(_OTHER_PROFILE[name], PROFILE_MEANING[name])
    schema = _OF_TYPE[PLAIN_PROFILE[name]]
    return said(or_null(schema) if name in NONE_ALLOWED else schema, PROFILE_MEANING[name])


def _supposition(name: str) -> Schema:
    schema = listed(TEXT, maxItems=MOST_DOWN) if name == "down" else FLAG
    return said(schema, SUPPOSITION_MEANING[name])


_COMMON: Final = {name: QUERY_FIELDS[name] for name in FIELDS if name != "called"}
_QUERIES: Final = listed(ref("schemas", "RouteQuery"), maxItems=MOST_QUERIES)
_SCRIPT: Final[Schema] = {
    **TEXT,
    "description": "`180@1 200@12` (status and seconds after the INVITE), `error@2` (transport error), `silent`; "
    "behind a 3xx its contacts, `302@1=sip:new@192.0.2.9`, with commas between them",
}

SCHEMAS: Final[Mapping[str, Schema]] = {
    "RouteSuppositions": closed(
        "failures to be imagined", {name: _supposition(name) for name in ("down", *SUPPOSITIONS)}
    ),
    "RouteProfile": closed("fields of a dial plan", {name: _profile_field(name) for name in PROFILE}),
    "RouteQuery": {
        "description": "a called number alone, or with whatever else decides its way",
        "oneOf": [
            {**TEXT, "maxLength": LONGEST_CALLED},
            closed("a query", {name: QUERY_FIELDS[name] for name in FIELDS}, ["called"]),
        ],
    },
    "RouteQueries": closed(
        "several queries, and what counts for those that do not say it", {"queries": _QUERIES, **_COMMON}, ["queries"]
    ),
    "RouteIam": closed(
        "an ISUP IAM, and the gateway that gets it",
        {
            "iam": said(TEXT, "its octets in hexadecimal, from the message type on"),
            "with_circuit": said(FLAG, "the circuit identification code stands in front", default=False),
            "isup_body": said(FLAG, "put the IAM into the body of the INVITE (RFC 3204)", default=False),
            "host": said(TEXT, "name of the gateway", default="gateway.invalid"),
            "port": said(WHOLE, "its port", minimum=1, maximum=65535, default=5060),
            **{name: QUERY_FIELDS[name] for name in GATEWAY},
        },
        ["iam"],
    ),
    "RouteSimulation": closed(
        "a query, and the devices that are played",
        {
            "devices": {
                "type": ["object", "null"],
                "description": "what each device does, by branch (`b1`) or contact. A device that is not named is "
                "silent; one that the call does not have is refused",
                "additionalProperties": _SCRIPT,
            },
            "rung_out": said(
                or_null(WHOLE),
                "what the caller gets when every branch was only cancelled or silent",
                minimum=300,
                maximum=699,
            ),
            "recurse": said(
                FLAG, "the contacts of a 3xx are called, unless `request_disposition` says no-recurse", default=False
            ),
            **{name: QUERY_FIELDS[name] for name in FIELDS},
        },
        ["called"],
    ),
    "RouteComparison": closed(
        "two generations, and what they are compared by",
        {
            "old": said(WHOLE, "number of a generation"),
            "new": said(WHOLE, "number of another"),
            "queries": _QUERIES,
            **_COMMON,
        },
        ["old", "new", "queries"],
    ),
}
