"""The paths of every resource in the catalogue."""

from typing import Any

from hss.api.bodies import JSON, MERGE_PATCH
from hss.api.catalogue import Kind
from hss.api.openapi.pieces import (
    GONE,
    MATCH,
    NONE_MATCH,
    NOT_MODIFIED,
    Schema,
    answer,
    content,
    in_path,
    in_query,
    operation,
    ref,
    schema_of,
    without_secrets,
)
from hss.api.resources import ROOT
from schemas.documents import SharedFilterCriteriaSet


def paths(kind: Kind[Any], page: int, page_most: int) -> Schema:
    """Describe one kind; a page of it has `page` documents, at most `page_most`."""
    key = kind.example[kind.key]
    return {
        f"{ROOT}/{kind.path}": _all(kind, page, page_most),
        f"{ROOT}/{kind.path}/{{key}}": {
            "parameters": [in_path("key", kind.key, key[0] if isinstance(key, list) else key)],
            **_each(kind),
        },
    }


def _all(kind: Kind[Any], page: int, page_most: int) -> Schema:
    schema, name = schema_of(kind.model), _camel(kind.path)
    listing = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": {"type": "array", "items": schema}, "next": {"type": ["string", "null"]}},
    }
    example = {"items": [without_secrets(kind.example)], "next": None}
    limit = in_query("limit", "how many at most", type="integer", minimum=1, maximum=page_most, default=page)
    filters = [_filter(kind, one) for one in kind.filters]
    return {
        "get": operation(
            f"list{name}",
            kind.path,
            f"List {kind.many}",
            errors=("bad-request",),
            answers={"200": answer("a page", listing, "Link", example=example)},
            parameters=[ref("parameters", "after"), limit, *filters],
        ),
        "post": operation(
            f"create{name}",
            kind.path,
            f"Create one of the {kind.many}",
            errors=("exists", "taken"),
            answers=_new(kind),
            body=content(schema, kind.example),
        ),
    }


def _each(kind: Kind[Any]) -> Schema:
    tag, name, one = kind.path, _camel(kind.path), _with_article(kind.one)
    found = {"200": answer(kind.one, schema_of(kind.model), "ETag", example=without_secrets(kind.example))}
    stored = ("not-found", "version-mismatch", "bad-request")
    return {
        "get": operation(
            f"get{name}",
            tag,
            f"Read {one}",
            errors=("not-found", "bad-request"),
            answers=found | NOT_MODIFIED,
            parameters=[NONE_MATCH],
        ),
        "put": operation(
            f"put{name}",
            tag,
            f"Create or replace {one}",
            errors=(*stored, "taken", "contended"),
            answers=found | _new(kind),
            parameters=[MATCH, NONE_MATCH],
            body=content(_without_key(kind), kind.example),
        ),
        "patch": operation(
            f"patch{name}",
            tag,
            f"Change some fields of {one}",
            errors=(*stored, "taken", "contended"),
            answers=found,
            parameters=[MATCH],
            body=content({"type": "object"}, media=(MERGE_PATCH, JSON)),
        ),
        "delete": operation(
            f"delete{name}",
            tag,
            f"Delete {one}",
            errors=(*stored, "still-needed"),
            answers=GONE,
            parameters=[MATCH],
        ),
    }


def _new(kind: Kind[Any]) -> Schema:
    example = without_secrets(kind.example)
    return {"201": answer("created", schema_of(kind.model), "ETag", "Location", example=example)}


def _without_key(kind: Kind[Any]) -> Schema:
    """Describe the body of PUT: the path may say the key."""
    schema = schema_of(kind.model)
    return schema if kind.keys else {**schema, "description": f"`{kind.key}` may be left out: the path says it."}


def _filter(kind: Kind[Any], name: str) -> Schema:
    begins = name == "identity" or (name == kind.key and kind.model is not SharedFilterCriteriaSet)
    return in_query(name, f"only those whose {name} begins like this" if begins else f"only those with this {name}")


def _camel(path: str) -> str:
    return "".join(word.capitalize() for word in path.split("-"))


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeioAEIO' else 'a'} {noun}"
