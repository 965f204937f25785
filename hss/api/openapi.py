"""The OpenAPI 3.1 description, made from the catalogue and the models of the documents. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hss.api import problems
from hss.api.bodies import JSON, MERGE_PATCH
from hss.api.bulk import BATCH, BATCH_MOST, NDJSON, SUBSCRIBERS, TYPES
from hss.api.catalogue import KINDS, SUBSCRIPTIONS, Kind
from hss.api.map import IMRNS, SEND_ROUTING_INFO, SendRoutingInfo
from hss.api.problems import CONTENT_TYPE
from hss.api.resources import ROOT
from hss.api.routes import DEFAULTS, MOST_CONFLICTS
from hss.services.routing_queries import VIEWS
from schemas.documents import Contact, NewSubscriber, Registration, SharedFilterCriteriaSet, Subscriber

Schema = dict[str, Any]

_SECURITY: Final[list[dict[str, list[str]]]] = [{}, {"token": []}]
_ALWAYS: Final = ("unauthorised", "forbidden", "misdirected", "too-many-requests", "internal", "unavailable")
_BODY: Final = ("bad-json", "timed-out", "too-large", "wrong-content-type", "invalid-document", "refused")
_TAG: Final = {"description": "the version of the record, in double quotes", "schema": {"type": "string"}}


def describe(version: str, *, page: int, page_most: int, routing: bool = False, calls: bool = False) -> Schema:
    """Make the whole document; `routing` = the routes of number routing are there, `calls` = those of MAP."""
    described: list[type[BaseModel]] = [*(kind.model for kind in KINDS), Contact, NewSubscriber, Registration]
    described += [SendRoutingInfo] if calls else []
    # one schema each: what is written; secrets are marked writeOnly
    _, definitions = models_json_schema(
        [(model, "validation") for model in described], ref_template="#/components/schemas/{model}"
    )
    paths: Schema = {}
    for kind in KINDS:
        paths |= _resource(kind, page, page_most)
    paths |= _contacts() | _by_hand() | _bulk() | _watching()
    if routing:
        paths |= _routing()
    if calls:
        paths |= _calls()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Homeward management API",
            "version": version,
            "summary": "Operators, subscribers and peers of the HSS emulator",
            "description": _INTRODUCTION,
        },
        "servers": [{"url": "/"}],
        "security": _SECURITY,
        "tags": [*({"name": kind.path, "description": kind.notes or kind.many} for kind in KINDS), *_TAGS],
        "paths": paths,
        "components": {
            "schemas": _secrets_marked(definitions["$defs"]) | _SCHEMAS,
            "responses": _responses(),
            "parameters": _PARAMETERS,
            "headers": {
                "ETag": _TAG,
                "Location": {"schema": {"type": "string"}},
                "Link": {"schema": {"type": "string"}},
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


_INTRODUCTION: Final = (
    "Records have natural keys. PUT replaces a record and may be repeated; PATCH merges (RFC 7396). The entity tag is "
    "the version: send it back as If-Match, or If-None-Match: * to create only. A part of a subscription has the "
    "entity tag of the subscription. Errors are problem details (RFC 9457); `errors` names fields by a dotted path. "
    "A document that breaks a rule is 422; a value that another record has, or a record still needed, is 409. "
    "Callers on loopback need no token unless the configuration says so; all others send one."
)

_TAGS: Final = [
    {"name": "contacts", "description": "Registered contacts of a public identity"},
    {"name": "by hand", "description": "What a test bed does with subscribers"},
    {"name": "bulk", "description": "Import and export of whole subscribers"},
    {"name": "map", "description": "What a Gateway-MSC asks, as JSON"},
    {"name": "routing", "description": "Where calls to numbers go, and why"},
    {"name": "watching", "description": "Health and figures"},
]

_PARAMETERS: Final[Schema] = {
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

_SCHEMAS: Final[Schema] = {
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
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
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
    "Progress": {
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
    },
}


# --- Pieces ----------------------------------------------------------------------------------------------------------


def _ref(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


def _schema(model: type[BaseModel]) -> Schema:
    return _ref("schemas", model.__name__)


def _content(schema: Schema, example: object = None, media: Sequence[str] = (JSON,)) -> Schema:
    shown = {} if example is None else {"example": example}
    return {one: {"schema": schema, **shown} for one in media}


def _responses() -> Schema:
    """Describe one response for each status of a problem; kinds of the same status share it."""
    responses: Schema = {}
    for status in sorted({kind.status for kind in problems.KINDS}):
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
        responses[f"Problem{status}"] = {
            "description": "; ".join(kind.title for kind in kinds),
            "content": {CONTENT_TYPE: {"schema": _ref("schemas", "Problem"), "examples": examples}},
        }
    return responses


def _problems(*names: str) -> Schema:
    statuses = {kind.status for kind in problems.KINDS if kind.name in names}
    return {str(status): _ref("responses", f"Problem{status}") for status in sorted(statuses)}


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeioAEIO' else 'a'} {noun}"


def _operation(
    name: str,
    tag: str,
    summary: str,
    *,
    answers: Schema,
    errors: Iterable[str] = (),
    parameters: Sequence[Schema] = (),
    body: Schema | None = None,
) -> Schema:
    operation: Schema = {"operationId": name, "tags": [tag], "summary": summary}
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    sent = _BODY if body is not None else ()
    operation["responses"] = answers | _problems(*_ALWAYS, *sent, *errors)
    return operation


def _answer(text: str, schema: Schema, *headers: str, example: object = None) -> Schema:
    described: Schema = {"description": text, "content": _content(schema, example)}
    if headers:
        described["headers"] = {name: _ref("headers", name) for name in headers}
    return described


def _in_path(name: str, text: str, example: object) -> Schema:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string"},
        "example": str(example),
    }


def _in_query(name: str, text: str = "", **schema: object) -> Schema:
    return {
        "name": name,
        "in": "query",
        "description": text or f"only those with this {name}",
        "schema": schema or {"type": "string"},
    }


def _filter(kind: Kind[Any], name: str) -> Schema:
    begins = name == "identity" or (name == kind.key and kind.model is not SharedFilterCriteriaSet)
    return _in_query(name, f"only those whose {name} begins like this" if begins else "")


_MATCH: Final = _ref("parameters", "IfMatch")
_NONE_MATCH: Final = _ref("parameters", "IfNoneMatch")
_NOT_MODIFIED: Final = {
    "304": {"description": "the caller has this version", "headers": {"ETag": _ref("headers", "ETag")}}
}
_GONE: Final = {"204": {"description": "deleted"}}


# --- Paths -----------------------------------------------------------------------------------------------------------


def _camel(path: str) -> str:
    return "".join(word.capitalize() for word in path.split("-"))


def _resource(kind: Kind[Any], page: int, page_most: int) -> Schema:
    schema, tag = _schema(kind.model), kind.path
    name = _camel(kind.path)
    shown = _shown(kind.example)
    found = _answer(kind.one, schema, "ETag", example=shown)
    new = _answer("created", schema, "ETag", "Location", example=shown)
    key = kind.example[kind.key]
    listing = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": {"type": "array", "items": schema}, "next": {"type": ["string", "null"]}},
    }
    limit = _in_query("limit", "how many at most", type="integer", minimum=1, maximum=page_most, default=page)
    filters = [_filter(kind, one) for one in kind.filters]
    stored = ("not-found", "version-mismatch", "bad-request")
    return {
        f"{ROOT}/{kind.path}": {
            "get": _operation(
                f"list{name}",
                tag,
                f"List {kind.many}",
                errors=("bad-request",),
                answers={"200": _answer("a page", listing, "Link", example={"items": [shown], "next": None})},
                parameters=[_ref("parameters", "after"), limit, *filters],
            ),
            "post": _operation(
                f"create{name}",
                tag,
                f"Create one of the {kind.many}",
                errors=("exists", "taken"),
                answers={"201": new},
                body=_content(schema, kind.example),
            ),
        },
        f"{ROOT}/{kind.path}/{{key}}": {
            "parameters": [_in_path("key", kind.key, key[0] if isinstance(key, list) else key)],
            "get": _operation(
                f"get{name}",
                tag,
                f"Read {_with_article(kind.one)}",
                errors=("not-found", "bad-request"),
                answers={"200": found} | _NOT_MODIFIED,
                parameters=[_NONE_MATCH],
            ),
            "put": _operation(
                f"put{name}",
                tag,
                f"Create or replace {_with_article(kind.one)}",
                errors=(*stored, "taken", "contended"),
                answers={"200": found, "201": new},
                parameters=[_MATCH, _NONE_MATCH],
                body=_content(_without_key(schema, kind), kind.example),
            ),
            "patch": _operation(
                f"patch{name}",
                tag,
                f"Change some fields of {_with_article(kind.one)}",
                errors=(*stored, "taken", "contended"),
                answers={"200": found},
                parameters=[_MATCH],
                body=_content({"type": "object"}, media=(MERGE_PATCH, JSON)),
            ),
            "delete": _operation(
                f"delete{name}",
                tag,
                f"Delete {_with_article(kind.one)}",
                errors=(*stored, "still-needed"),
                answers=_GONE,
                parameters=[_MATCH],
            ),
        },
    }


def _without_key(schema: Schema, kind: Kind[Any]) -> Schema:
    """Describe the body of PUT: the path may say the key."""
    note = "" if kind.keys else f"`{kind.key}` may be left out: the path says it."
    return {**schema, "description": note} if note else schema


def _shown(example: Mapping[str, object]) -> Mapping[str, object]:
    """Take secrets out of an example, as answers do."""
    return {
        name: [_shown(one) if isinstance(one, dict) else one for one in value] if isinstance(value, list) else value
        for name, value in example.items()
        if name not in problems.SECRET
    }


def _contacts() -> Schema:
    listing = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": {"type": "array", "items": _schema(Contact)}, "next": {"type": "null"}},
    }
    several = {"200": _answer("the contacts", listing, "ETag")}
    contact = {"uri": "sip:alice@192.0.2.7:5060", "path": ["sip:pcscf1.ims.example;lr"], "q": 0.9}
    identity = _in_path("identity", "public identity", "sip:alice@ims.example")
    stored = ("not-found", "version-mismatch", "bad-request", "contended")
    return {
        f"{ROOT}/contacts/{{identity}}": {
            "parameters": [identity],
            "get": _operation(
                "listContacts",
                "contacts",
                "List contacts",
                errors=("not-found", "bad-request"),
                answers=several | _NOT_MODIFIED,
                parameters=[_NONE_MATCH],
            ),
            "put": _operation(
                "putContacts",
                "contacts",
                "Replace all contacts",
                errors=stored,
                answers=several,
                parameters=[_MATCH],
                body=_content({"type": "array", "items": _schema(Contact)}, [contact]),
            ),
            "post": _operation(
                "addContact",
                "contacts",
                "Add a contact",
                errors=(*stored, "exists"),
                parameters=[_MATCH],
                answers={"201": _answer("added", _schema(Contact), "ETag", "Location")},
                body=_content(_schema(Contact), contact),
            ),
            "delete": _operation(
                "clearContacts", "contacts", "Remove all contacts", errors=stored, answers=_GONE, parameters=[_MATCH]
            ),
        },
        f"{ROOT}/contacts/{{identity}}/{{uri}}": {
            "parameters": [identity, _in_path("uri", "URI of the contact", contact["uri"])],
            "delete": _operation(
                "deleteContact", "contacts", "Remove a contact", errors=stored, answers=_GONE, parameters=[_MATCH]
            ),
        },
    }


def _by_hand() -> Schema:
    registration = _schema(Registration)
    state = {"200": _answer("the state", registration, "ETag")}
    example = {"state": "registered", "scscf": {"name": "sip:scscf1.ims.example:6060", "host": "scscf1.ims.example"}}
    found = {"200": _answer("the subscription", _schema(Subscriber), "ETag", example=_shown(SUBSCRIPTIONS.example))}
    identity = {**_in_query("identity", "name, number, IMSI, private or public identity in any form"), "required": True}
    return {
        f"{ROOT}/subscribers": {
            "post": _operation(
                "createSubscriber",
                "by hand",
                "Create a whole subscriber from an IMSI or a number",
                errors=("exists", "taken"),
                answers={"201": _answer("created", _schema(Subscriber), "ETag", "Location")},
                body=_content(
                    _schema(NewSubscriber), {"operator": "mobile", "imsi": "262011234567892", "msisdn": "+491715407092"}
                ),
            )
        },
        f"{ROOT}/lookup": {
            "get": _operation(
                "lookUp",
                "by hand",
                "Find a subscription by any identity",
                answers=found | _NOT_MODIFIED,
                errors=("not-found", "bad-request"),
                parameters=[{**identity, "example": "tel:+491715407090"}, _NONE_MATCH],
            )
        },
        f"{ROOT}/public-identities/{{key}}/registration": {
            "parameters": [_in_path("key", "uri", "sip:alice@ims.example")],
            "get": _operation(
                "getRegistration",
                "by hand",
                "Read registration state and S-CSCF",
                parameters=[_NONE_MATCH],
                answers=state | _NOT_MODIFIED,
                errors=("not-found", "bad-request"),
            ),
            "put": _operation(
                "putRegistration",
                "by hand",
                "Set registration state and S-CSCF",
                parameters=[_MATCH],
                answers=state,
                errors=("not-found", "version-mismatch", "bad-request"),
                body=_content(registration, example),
            ),
        },
    }


def _bulk() -> Schema:
    of = _in_query("of", "what the file holds", type="string", default=SUBSCRIBERS)
    form = _in_query("form", "form of the file", type="string", enum=list(TYPES), default="jsonl")
    media = [one for types in TYPES.values() for one in types]
    text = {"type": "string"}
    return {
        f"{ROOT}/import": {
            "post": _operation(
                "importSubscribers",
                "bulk",
                "Import subscribers; a line of JSON after each committed batch",
                answers={
                    "200": {
                        "description": "progress, one JSON object per line",
                        "content": _content(_ref("schemas", "Progress"), media=(NDJSON,)),
                    }
                },
                errors=("bad-request", "busy"),
                parameters=[
                    of,
                    form,
                    _in_query(
                        "batch", "lines per transaction", type="integer", minimum=1, maximum=BATCH_MOST, default=BATCH
                    ),
                    _in_query("resume_behind", "lines to pass over", type="integer", minimum=0, default=0),
                ],
                body=_content(text, media=media),
            )
        },
        f"{ROOT}/export": {
            "get": _operation(
                "exportSubscribers",
                "bulk",
                "Export all subscribers, without secrets",
                answers={"200": {"description": "the file", "content": _content(text, media=media)}},
                errors=("bad-request", "busy"),
                parameters=[of, form],
            )
        },
    }


def _routing() -> Schema:
    anything: Schema = {"type": "object"}
    number = {"type": ["string", "object"], "description": "a number, or a query with `called`"}
    failures = ("bad-request", "unavailable")
    return {
        f"{ROOT}/route": {
            "post": _operation(
                "route",
                "routing",
                "Route one number, `queries` in one document, or a stream of lines, each answered by a line",
                answers={"200": {"description": "plans", "content": _content(anything, media=(JSON, NDJSON))}},
                errors=(*failures, "busy"),
                parameters=[
                    _in_query("view", "how much of a plan is shown", type="string", enum=list(VIEWS), default=VIEWS[0]),
                    *(_in_query(name, "for queries that do not say it", type="string") for name in DEFAULTS),
                ],
                body=_content(number, {"called": "+49-721-957829-0", "kind": "text"})
                | _content(number, media=(NDJSON,)),
            )
        },
        f"{ROOT}/route/iam": {
            "post": _operation(
                "routeIam",
                "routing",
                "Turn an ISUP IAM into the SIP INVITE that a gateway would send",
                answers={"200": _answer("the IAM, the plan and the INVITE", anything)},
                errors=failures,
                body=_content(anything, {"iam": "010060000A000200080410942791752809", "host": "mgcf1.fixed.example"}),
            )
        },
        f"{ROOT}/route/simulate": {
            "post": _operation(
                "simulateFork",
                "routing",
                "Play the forking plan of a number against devices",
                answers={"200": _answer("the timed INVITE, CANCEL and response lines", anything)},
                errors=failures,
                body=_content(anything, {"called": "+497219578290", "devices": {"b1": "180@1 200@12", "b2": "486@2"}}),
            )
        },
        f"{ROOT}/route/diff": {
            "post": _operation(
                "compareGenerations",
                "routing",
                "Show which numbers two generations of the tables route differently",
                answers={"200": _answer("the differences", anything)},
                errors=(*failures, "not-found"),
                body=_content(anything, {"old": 1, "new": 1, "queries": ["+497219578290"]}),
            )
        },
        f"{ROOT}/route/tables": {
            "get": _operation(
                "routingTables",
                "routing",
                "Show the generation in use, and the earlier ones that can be compared with it",
                answers={"200": _answer("number, hash and counts", anything)},
                errors=("bad-request",),
            )
        },
        f"{ROOT}/route/check": {
            "get": _operation(
                "checkTables",
                "routing",
                "List overlaps and contradictions of the tables, with both sides",
                answers={"200": _answer("the contradictions", anything)},
                errors=failures,
                parameters=[
                    _in_query("limit", "how many", type="integer", minimum=1, maximum=MOST_CONFLICTS, default=100)
                ],
            )
        },
    }


def _calls() -> Schema:
    anything: Schema = {"type": "object"}
    imrn = {"imrn": "+49179900017", "msisdn": "+491715407090", "left_s": 42.0}
    return {
        SEND_ROUTING_INFO: {
            "post": _operation(
                "sendRoutingInfo",
                "map",
                "Ask where a call goes, as by MAP sendRoutingInfo; a MAP error is an answer, too",
                answers={
                    "200": _answer(
                        "`result` is ims, roaming-number, forwarded or error",
                        anything,
                        example={"msisdn": "+491715407091", "version": 3, "result": "roaming-number"}
                        | {"imsi": "262011234567891", "msrn": "+49171000017"},
                    )
                },
                errors=("bad-request",),
                body=_content(_schema(SendRoutingInfo), {"msisdn": "+491715407091"}),
            )
        },
        IMRNS: {
            "get": _operation(
                "listImrns",
                "map",
                "List the IMRNs that stand, oldest first",
                answers={"200": _answer("the IMRNs", anything, example={"items": [imrn]})},
                errors=("bad-request",),
            )
        },
        f"{IMRNS}/{{number}}": {
            "parameters": [_in_path("number", "IMRN", "+49179900017")],
            "get": _operation(
                "findImrn",
                "map",
                "Find for whom an IMRN stands",
                answers={"200": _answer("number and lifetime", anything, example=imrn)},
                errors=("bad-request", "not-found"),
            ),
        },
    }


def _watching() -> Schema:
    anything = {"type": "object"}
    return {
        "/healthz": {
            "get": _operation(
                "health", "watching", "Whether the process serves requests", answers={"200": _answer("alive", anything)}
            )
        },
        "/readyz": {
            "get": _operation(
                "readiness",
                "watching",
                "Whether the service can do its work, and what is missing",
                answers={"200": _answer("ready", anything), "503": _answer("not ready", anything)},
            )
        },
        "/metrics": {
            "get": _operation(
                "metrics",
                "watching",
                "Figures in the Prometheus form",
                answers={
                    "200": {"description": "figures", "content": _content({"type": "string"}, media=("text/plain",))}
                },
            )
        },
    }


def _secrets_marked(definitions: Schema) -> Schema:
    """Mark what is only written and what is only read."""
    for definition in definitions.values():
        for field, schema in definition.get("properties", {}).items():
            if field in problems.SECRET:
                schema["writeOnly"] = True
            if field == "has_credentials":
                schema["readOnly"] = True
    return definitions
