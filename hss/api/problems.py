"""Errors of the management API, as problem details (RFC 9457).

One table names every kind of problem with its status. A document that breaks a rule of its own, or that does not fit
what is stored, is 422; a value or a place that somebody else has, and a record that is still needed, are 409.
`errors` names fields as a dotted path (`sets.0.identities.1.uri`; empty: the document as a whole).
"""

import json
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hss.procedures.provisioning import NotDerivable
from hss.services.administration import NotFound, Refused, StillNeeded, Taken, VersionMismatch
from schemas.identities import IdentityError
from schemas.rules import rule_of

CONTENT_TYPE: Final = "application/problem+json"
LONGEST_VALUE: Final = 200  # characters of a refused value that are repeated in the answer
ERRORS_AT_MOST: Final = 100
SECRET: Final = frozenset({"credentials", "k", "op", "opc", "ha1", "password"})

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: the last part of its type, its status and its title."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The URI of the kind."""
        return f"urn:homeward:problem:{self.name}"


BAD_REQUEST: Final = Kind("bad-request", 400, "The request is not understood")
BAD_JSON: Final = Kind("bad-json", 400, "The body is not JSON")
UNAUTHORISED: Final = Kind("unauthorised", 401, "A token is needed")
FORBIDDEN: Final = Kind("forbidden", 403, "This caller may not do that")
NOT_FOUND: Final = Kind("not-found", 404, "There is no such thing")
METHOD_NOT_ALLOWED: Final = Kind("method-not-allowed", 405, "The method does not fit the resource")
TIMED_OUT: Final = Kind("timed-out", 408, "The body did not arrive in time")
EXISTS: Final = Kind("exists", 409, "The record exists already")
TAKEN: Final = Kind("taken", 409, "A value belongs to another record")
STILL_NEEDED: Final = Kind("still-needed", 409, "Something depends on the record")
CONTENDED: Final = Kind("contended", 409, "Others kept changing the record")
VERSION_MISMATCH: Final = Kind("version-mismatch", 412, "The record is not the one that the caller has seen")
TOO_LARGE: Final = Kind("too-large", 413, "The body is too large")
WRONG_CONTENT_TYPE: Final = Kind("wrong-content-type", 415, "The body has the wrong type")
MISDIRECTED: Final = Kind("misdirected", 421, "This server does not answer under that host name")
INVALID: Final = Kind("invalid-document", 422, "The document breaks a rule")
REFUSED: Final = Kind("refused", 422, "The document does not fit what is stored")
TOO_MANY: Final = Kind("too-many-requests", 429, "Too many requests")
INTERNAL: Final = Kind("internal", 500, "Something went wrong here")
UNAVAILABLE: Final = Kind("unavailable", 503, "The database does not answer")
BUSY: Final = Kind("busy", 503, "Too much is going on at once")

KINDS: Final = (
    *(BAD_REQUEST, BAD_JSON, UNAUTHORISED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, TIMED_OUT),
    *(EXISTS, TAKEN, STILL_NEEDED, CONTENDED, VERSION_MISMATCH, TOO_LARGE, WRONG_CONTENT_TYPE, MISDIRECTED),
    *(INVALID, REFUSED, TOO_MANY, INTERNAL, UNAVAILABLE, BUSY),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """A field, the rule that it breaks, and its value where that is short and no secret."""

    field: str
    rule: str
    value: str | int | float | bool | None = None

    def as_json(self) -> dict[str, object]:
        """Write as a member of `errors`."""
        shown = {} if self.value is None else {"value": self.value}
        return {"field": self.field, "rule": self.rule, **shown}


class Problem(Exception):
    """A request that ends with an error which is known beforehand."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    def as_json(self, instance: str) -> dict[str, object]:
        """Write the problem details; `instance` is the path of the request."""
        body: dict[str, object] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "instance": instance,
        }
        if self.errors:
            body["errors"] = [error.as_json() for error in self.errors]
        return body

    def answer(self, instance: str) -> web.Response:
        """Make the answer."""
        return web.Response(
            body=json.dumps(self.as_json(instance)).encode(),
            status=self.kind.status,
            headers=self.headers,
            content_type=CONTENT_TYPE,
        )


def field_problem(kind: Kind, field: str, rule: str, value: str | None = None) -> Problem:
    """Make a problem of a single field."""
    return Problem(
        kind, f"{field}: {rule}" if field else rule, errors=[FieldError(field=field, rule=rule, value=value)]
    )


def problem_of(error: Exception, *, unavailable: tuple[type[Exception], ...]) -> Problem:
    """Turn any error into a problem; one that nobody expected is logged under an id, and says only that."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, web.HTTPException):
        return _of_http(error)
    if isinstance(error, ValidationError):
        return invalid(error)
    if isinstance(error, unavailable):
        _LOG.warning("the store does not answer: %s", error)
        return Problem(UNAVAILABLE, "The database does not answer; try again.", headers={"Retry-After": "1"})
    return _of_domain(error) or _unexpected(error)


def _of_domain(error: Exception) -> Problem | None:
    if isinstance(error, VersionMismatch):
        seen = "there is none" if error.current is None else f'it is now "{error.current}"'
        return Problem(VERSION_MISMATCH, f"The record is not the one that the caller has seen: {seen}.")
    if isinstance(error, NotFound):
        return Problem(NOT_FOUND, str(error) or NOT_FOUND.title)
    if isinstance(error, Refused | NotDerivable):
        kind = next((kind for one, kind in _REFUSALS.items() if isinstance(error, one)), REFUSED)
        return field_problem(kind, error.field, error.rule)
    if isinstance(error, IdentityError):
        return Problem(BAD_REQUEST, str(error))
    if isinstance(error, RecursionError):
        return Problem(BAD_JSON, "Objects and lists are nested too deeply.")
    return None


_REFUSALS: Final[dict[type[Exception], Kind]] = {Taken: TAKEN, StillNeeded: STILL_NEEDED}


def _of_http(error: web.HTTPException) -> Problem:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods | {"OPTIONS"}))
        return Problem(
            METHOD_NOT_ALLOWED, f"{error.method} is not among the methods: {allowed}.", headers={"Allow": allowed}
        )
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem(TOO_LARGE, error.text or TOO_LARGE.title)
    if isinstance(error, web.HTTPNotFound):
        return Problem(NOT_FOUND, "There is no such path.")
    return Problem(Kind("http", error.status, error.reason), error.text or error.reason)


def _unexpected(error: Exception) -> Problem:
    reference = secrets.token_hex(6)
    _LOG.error("unexpected error %s", reference, exc_info=error)
    return Problem(INTERNAL, f"An error that nobody expected. The log names it {reference}.")


# --- Errors of documents ---------------------------------------------------------------------------------------------


def invalid(error: ValidationError) -> Problem:
    """Turn what pydantic found into a problem that names each field and its rule."""
    errors = [_field_error(found) for found in error.errors(include_url=False)[:ERRORS_AT_MOST]]
    if any(found["type"] == "json_invalid" for found in error.errors(include_url=False)):
        return Problem(BAD_JSON, errors[0].rule)
    return Problem(INVALID, "; ".join(_spoken(one) for one in errors[:3]), errors=errors)


def _spoken(error: FieldError) -> str:
    return f"{error.field}: {error.rule}" if error.field else error.rule


def _field_error(found: ErrorDetails) -> FieldError:
    path = [str(step) for step in found["loc"]]
    return FieldError(field=".".join(path), rule=rule_of(found), value=shown(path, found["input"]))


def shown(path: Iterable[str], value: object) -> str | int | float | bool | None:
    """Choose what of a refused value is repeated: nothing of a secret, the beginning of a long text."""
    if not SECRET.isdisjoint(path) or not isinstance(value, str | int | float | bool):
        return None
    return value[:LONGEST_VALUE] if isinstance(value, str) else value
