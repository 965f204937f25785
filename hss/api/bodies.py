"""Bodies of requests and answers: JSON in and out, merge patches (RFC 7396), everything bounded."""

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from hss.api.ports import SETTINGS
from hss.api.problems import BAD_JSON, INVALID, TIMED_OUT, WRONG_CONTENT_TYPE, Problem, field_problem

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
LARGEST_INTEGER: Final = (1 << 53) - 1  # RFC 7493 2.2

M = TypeVar("M", bound=BaseModel)
Json = Any


async def octets(request: web.Request) -> bytes:
    """Read the body; it has a bounded size and a bounded time. One that is announced too large is not waited for."""
    if (request.content_length or 0) > request.client_max_size:
        raise web.HTTPRequestEntityTooLarge(request.client_max_size)
    try:
        async with asyncio.timeout(request.app[SETTINGS].body_timeout_s):
            return await request.read()
    except TimeoutError as error:
        raise Problem(TIMED_OUT, "The body did not arrive in time.", headers={"Connection": "close"}) from error


def demand_type(request: web.Request, *accepted: str) -> None:
    """Refuse a body of another type."""
    if request.content_type not in accepted or "Content-Type" not in request.headers:
        said = request.headers.get("Content-Type", "nothing")
        header = "Accept-Patch" if request.method == "PATCH" else "Accept"
        raise Problem(
            WRONG_CONTENT_TYPE,
            f"Content-Type must be {' or '.join(accepted)}, not {said}.",
            headers={header: ", ".join(accepted)},
        )


async def json_body(request: web.Request, *accepted: str, judged: bool = True) -> Json:
    """Read a JSON body of one of the `accepted` types; not `judged`: the caller refuses values, each in its place."""
    demand_type(request, *(accepted or (JSON,)))
    return parsed(await octets(request), judged=judged)


def parsed(data: bytes, *, judged: bool = True) -> Json:
    """Read JSON as RFC 7493 narrows it: UTF-8, no name twice, integers that every reader can hold, no U+0000.

    Where it is not `judged`, U+0000 stays, and an integer that is too large comes as a fraction does.
    """
    whole, fraction = (_integer, float) if judged else (_any_integer, _finite)
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=whole,
            parse_float=fraction,
        )
    except json.JSONDecodeError as error:
        raise Problem(BAD_JSON, f"Line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except UnicodeDecodeError as error:
        raise Problem(BAD_JSON, f"Octet {error.start}: not UTF-8.") from error
    except RecursionError as error:
        raise Problem(BAD_JSON, "Objects and lists are nested too deeply.") from error
    if judged and b"\\u0000" in data:
        _refuse_nul(value, ())
    return value


def _refuse_nul(value: Json, path: tuple[str, ...]) -> None:
    if isinstance(value, str) and "\0" in value:
        raise field_problem(INVALID, ".".join(path), "must not hold U+0000")
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in inner:
        _refuse_nul(member, (*path, str(name)))


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Problem(BAD_JSON, f"The name {twice!r} stands twice in an object.")
    return members


def _no_constant(text: str) -> Json:
    raise Problem(BAD_JSON, f"{text} is not a number of JSON.")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST_INTEGER:
        raise Problem(BAD_JSON, f"The number {text[:20]} is larger than {LARGEST_INTEGER}.")
    return int(text)


def _any_integer(text: str) -> int | float:
    return int(text) if len(text) <= 17 else _finite(text)


def _finite(text: str) -> float:
    return max(-sys.float_info.max, min(float(text), sys.float_info.max))


def validated(model: type[M], value: Json) -> M:
    """Read a document; raise pydantic's `ValidationError`. Text is not taken for a number, nor the reverse."""
    return model.model_validate_json(json.dumps(value), strict=True)


def validated_list(model: type[M], value: Json) -> list[M]:
    """Read a list of documents."""
    return TypeAdapter(list[model]).validate_json(json.dumps(value), strict=True)  # type: ignore[valid-type]


def merged(target: Json, patch: Json) -> Json:
    """Apply a merge patch (RFC 7396 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def document(model: BaseModel, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with a document."""
    return web.Response(body=model.model_dump_json().encode(), status=status, headers=headers, content_type=JSON)


def documents(models: Iterable[BaseModel], *, following: str | None) -> bytes:
    """Write a page of documents and where the next one is."""
    items = ",".join(model.model_dump_json() for model in models)
    return f'{{"items":[{items}],"next":{json.dumps(following)}}}'.encode()
