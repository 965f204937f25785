"""The pieces that paths are made of: operations, bodies, answers, parameters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from hss.api import problems
from hss.api.bodies import JSON

Schema = dict[str, Any]

ANYTHING: Final[Schema] = {"type": "object"}
_ALWAYS: Final = ("unauthorised", "forbidden", "misdirected", "too-many-requests", "internal", "unavailable")
_BODY: Final = ("bad-json", "timed-out", "too-large", "wrong-content-type", "invalid-document", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What one module of handlers serves."""

    tag: str
    text: str  # what the tag stands for
    paths: Mapping[str, Schema]
    models: Sequence[type[BaseModel]] = ()  # of documents that are read or written
    schemas: Mapping[str, Schema] = field(default_factory=dict)  # of what has no model


def ref(kind: str, name: str) -> Schema:
    """Refer to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def schema_of(model: type[BaseModel]) -> Schema:
    """Refer to the schema of a document."""
    return ref("schemas", model.__name__)


def content(schema: Schema, example: object = None, media: Sequence[str] = (JSON,)) -> Schema:
    """Describe octets of any of the `media`."""
    shown = {} if example is None else {"example": example}
    return {one: {"schema": schema, **shown} for one in media}


def operation(
    name: str,
    tag: str,
    summary: str,
    *,
    answers: Schema,
    errors: Iterable[str] = (),
    parameters: Sequence[Schema] = (),
    body: Schema | None = None,
) -> Schema:
    """Describe a method of a path; `errors` are kinds of problems beside those that any operation can have."""
    made: Schema = {"operationId": name, "tags": [tag], "summary": summary}
    if parameters:
        made["parameters"] = list(parameters)
    if body is not None:
        made["requestBody"] = {"required": True, "content": body}
    sent = _BODY if body is not None else ()
    made["responses"] = answers | _problems(*_ALWAYS, *sent, *errors)
    return made


def _problems(*names: str) -> Schema:
    statuses = {kind.status for kind in problems.KINDS if kind.name in names}
    return {str(status): ref("responses", f"Problem{status}") for status in sorted(statuses)}


def answer(text: str, schema: Schema, *headers: str, example: object = None) -> Schema:
    """Describe an answer in JSON."""
    described: Schema = {"description": text, "content": content(schema, example)}
    if headers:
        described["headers"] = {name: ref("headers", name) for name in headers}
    return described


def in_path(name: str, text: str, example: object) -> Schema:
    """Describe a parameter of a path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string"},
        "example": str(example),
    }


def in_query(name: str, text: str, **schema: object) -> Schema:
    """Describe a parameter of a query; text where no `schema` says otherwise."""
    return {"name": name, "in": "query", "description": text, "schema": schema or {"type": "string"}}


def without_secrets(example: Mapping[str, object]) -> Mapping[str, object]:
    """Take secrets out of an example, as answers do."""
    return {
        name: [without_secrets(one) if isinstance(one, dict) else one for one in value]
        if isinstance(value, list)
        else value
        for name, value in example.items()
        if name not in problems.SECRET
    }


MATCH: Final = ref("parameters", "IfMatch")
NONE_MATCH: Final = ref("parameters", "IfNoneMatch")
NOT_MODIFIED: Final = {
    "304": {"description": "the caller has this version", "headers": {"ETag": ref("headers", "ETag")}}
}
GONE: Final = {"204": {"description": "deleted"}}
