"""Route queries as JSON values: what may be asked, which rule a wrong one breaks, and how a plan is given back.

A query is a number (text), or an object with `called` and anything else that decides the way. The kind of the number is
always named, never guessed; it is `text` where the query says nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import Any, Final, TypeVar

from routing.compare import Difference, facts
from routing.contacts import Fork
from routing.describe import as_dict, lines, trace_lines
from routing.normalise import DEFAULT_PROFILE, Kind, Profile, Warned
from routing.plan import NOTHING_SUPPOSED, Plan, Query, Suppose
from routing.preferences import INDIFFERENT, preferences

W = TypeVar("W", bound=StrEnum)

LONGEST_CALLED: Final = 1024  # characters of a called number in any form
MOST_DOWN: Final = 1000
LATEST: Final = 253402300799.0  # the last second of the year 9999
VIEWS: Final = ("plan", "text", "brief")
_FLAGS: Final = ("scscf_unset", "nobody_registered", "hss_unreachable")
_PLAIN_PROFILE: Final[Mapping[str, type]] = {
    "name": str,
    "cc": str,
    "ndc": str,
    "trunk": str,
    "intl": str,
    "rn_len": int,
    "strict_e164": bool,
    "lenient_npdi": bool,
    "enum_suffix": str,
}
_NONE_ALLOWED: Final = frozenset({"ndc", "trunk", "intl"})


class QueryRefused(ValueError):
    """A query that cannot be understood; `field` is its path."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}" if field else rule)
        self.field = field
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads queries. `basis` = what counts where a query says nothing; `profiles` = the dial plans of the operators."""

    basis: Query
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    def read(self, body: object) -> Query:
        """Read one query; raise `QueryRefused`."""
        if isinstance(body, str):
            return self._called(body)
        if not isinstance(body, Mapping):
            raise QueryRefused("", "a query is a number, or an object with `called`")
        if len(body) == 1 and isinstance(called := body.get("called"), str):
            return self._called(called)
        changes: dict[str, Any] = {}
        profile = self._profile(body)
        if profile is not None:
            changes["profile"] = profile
        for name, value in body.items():
            if name in _PROFILE_FIELDS:
                continue
            read = _READERS.get(name)
            if read is None:
                raise QueryRefused(name, f"is not a field here; there are: {', '.join(FIELDS)}")
            if value is not None:
                changes |= read(name, value)
        query = replace(self.basis, **changes)
        if "called" not in body:
            raise QueryRefused("called", "is required")
        return query

    def defaults(self, body: Mapping[str, object]) -> "Reader":
        """Let `body`, a query without a number, count where queries say nothing."""
        return replace(self, basis=self.read({**body, "called": ""}))

    def _called(self, called: str) -> Query:
        basis = self.basis
        _check_called(called)
        return Query(
            called=called,
            kind=basis.kind,
            profile=basis.profile,
            at=basis.at,
            seed=basis.seed,
            trusted=basis.trusted,
            dipped=basis.dipped,
            follow=basis.follow,
            explain=basis.explain,
            mode=basis.mode,
            wishes=basis.wishes,
            suppose=basis.suppose,
        )

    def _profile(self, body: Mapping[str, object]) -> Profile | None:
        """Take the dial plan of an operator, with single fields set by `profile`."""
        operator, given = body.get("operator"), body.get("profile")
        profile = self.basis.profile
        if operator is not None:
            found = self.profiles.get(operator) if isinstance(operator, str) else None
            if found is None:
                raise QueryRefused("operator", f"there is no operator {operator!r}")
            profile = replace(found, enum_suffix=profile.enum_suffix)
        if given is None:
            return profile if operator is not None else None
        if not isinstance(given, Mapping):
            raise QueryRefused("profile", f"must be an object with some of {', '.join(_PROFILE)}")
        return _changed(profile, given)


_PROFILE_FIELDS: Final = frozenset({"operator", "profile"})


def _check_called(called: str) -> None:
    if len(called) > LONGEST_CALLED:
        raise QueryRefused("called", f"may have at most {LONGEST_CALLED} characters")


def _changed(profile: Profile, given: Mapping[str, object]) -> Profile:
    changes: dict[str, Any] = {}
    for name, value in given.items():
        path = f"profile.{name}"
        if name in _PLAIN_PROFILE:
            kind = _PLAIN_PROFILE[name]
            if not (type(value) is kind or (value is None and name in _NONE_ALLOWED)):
                raise QueryRefused(path, f"must be {_NAMES[kind]}")
            changes[name] = value
        elif name in _READ_PROFILE:
            changes[name] = _READ_PROFILE[name](path, value)
        else:
            raise QueryRefused(path, f"is not a field here; there are: {', '.join(_PROFILE)}")
    try:
        return replace(profile, **changes)
    except ValueError as error:
        raise QueryRefused("profile", str(error)) from error


_NAMES: Final = {str: "text", int: "a whole number", bool: "true or false"}


def _words(path: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise QueryRefused(path, "must be a list of text")
    return tuple(value)


def _stems(path: str, value: object) -> Mapping[str, tuple[int, int]]:
    rule = 'must be an object like {"49721957829": [1, 4]}'
    if not isinstance(value, Mapping):
        raise QueryRefused(path, rule)
    stems: dict[str, tuple[int, int]] = {}
    for stem, bounds in value.items():
        if not isinstance(bounds, list) or len(bounds) != 2 or not all(type(bound) is int for bound in bounds):
            raise QueryRefused(f"{path}.{stem}", rule)
        stems[stem] = (bounds[0], bounds[1])
    return stems


def _contexts(path: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or any(rule not in ("national", "opaque") for rule in value.values()):
        raise QueryRefused(path, "must be an object of contexts, each `national` or `opaque`")
    return dict(value)


def _refused(path: str, value: object) -> frozenset[Warned]:
    try:
        return frozenset(map(Warned, _words(path, value)))
    except ValueError as error:
        raise QueryRefused(path, f"must be a list of {', '.join(Warned)}") from error


_READ_PROFILE: Final[Mapping[str, Callable[[str, object], Any]]] = {
    "ddi": _stems,
    "contexts": _contexts,
    "emergency": lambda path, value: frozenset(_words(path, value)),
    "short_codes": lambda path, value: frozenset(_words(path, value)),
    "carrier_selection": _words,
    "refuse": _refused,
}
_PROFILE: Final = tuple(entry.name for entry in fields(Profile) if entry.init)


# --- The fields of a query -------------------------------------------------------------------------------------------


def _read_called(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, str):
        _check_called(value)
    elif not isinstance(value, Mapping):
        raise QueryRefused(name, "must be text, or an object for the kinds isup and gt")
    return {name: value}


def _one_of(words: type[W], name: str, value: object) -> W:
    found = next((word for word in words if word.value == value), None)
    if found is None:
        raise QueryRefused(name, f"must be one of {', '.join(words)}")
    return found


def _read_kind(name: str, value: object) -> dict[str, Any]:
    return {name: _one_of(Kind, name, value)}


def _read_at(name: str, value: object) -> dict[str, Any]:
    """Read seconds since 1970, or a time of ISO 8601; one without a zone is UTC."""
    rule = "must be a time like 2026-11-21T18:00:00Z, or seconds since 1970"
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            value = (moment if moment.tzinfo else datetime.fromisoformat(value + "+00:00")).timestamp()
        except (ValueError, OverflowError) as error:
            raise QueryRefused(name, rule) from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QueryRefused(name, rule)
    if not (isfinite(value) and 0 <= value <= LATEST):
        raise QueryRefused(name, "must lie between 1970 and 9999")
    return {name: float(value)}


def _read_seed(name: str, value: object) -> dict[str, Any]:
    if type(value) is not int or abs(value) >= 1 << 63:
        raise QueryRefused(name, "must be a whole number of 64 bits")
    return {name: value}


def _read_flag(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, bool):
        raise QueryRefused(name, "must be true or false")
    return {name: value}


def _read_fork(name: str, value: object) -> dict[str, Any]:
    return {"mode": _one_of(Fork, name, value)}


def _read_disposition(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, str):
        raise QueryRefused(name, "must be text, as in the header Request-Disposition")
    try:
        return {"wishes": preferences(value) if value.strip() else INDIFFERENT}
    except ValueError as error:
        raise QueryRefused(name, str(error)) from error


def _read_suppose(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise QueryRefused(name, f"must be an object with some of down, {', '.join(_FLAGS)}")
    down: frozenset[str] = frozenset()
    flags: dict[str, bool] = {}
    for what, given in value.items():
        if what == "down":
            hosts = _words(f"{name}.down", given)
            if len(hosts) > MOST_DOWN:
                raise QueryRefused(f"{name}.down", f"may name at most {MOST_DOWN} hosts")
            down = frozenset(hosts)
        elif what in _FLAGS:
            flags |= _read_flag(what, given)
        else:
            raise QueryRefused(f"{name}.{what}", f"is not a field here; there are: down, {', '.join(_FLAGS)}")
    return {name: Suppose(down=down, **flags) if down or flags else NOTHING_SUPPOSED}


_READERS: Final[Mapping[str, Callable[[str, object], dict[str, Any]]]] = {
    "called": _read_called,
    "kind": _read_kind,
    "at": _read_at,
    "seed": _read_seed,
    "trusted": _read_flag,
    "dipped": _read_flag,
    "follow": _read_flag,
    "explain": _read_flag,
    "fork": _read_fork,
    "request_disposition": _read_disposition,
    "suppose": _read_suppose,
}
FIELDS: Final = (*_READERS, *sorted(_PROFILE_FIELDS))


def reader(profiles: Mapping[str, Profile], *, at: float, profile: Profile = DEFAULT_PROFILE) -> Reader:
    """Make the reader for queries that are asked at the time `at`."""
    return Reader(basis=Query(called="", at=at, profile=profile), profiles=profiles)


# --- Plans -----------------------------------------------------------------------------------------------------------


def shown(plan: Plan, view: str) -> dict[str, Any]:
    """Write a plan: whole (`plan`), with lines for a person (`text`), or only where the call goes (`brief`)."""
    if view == "brief":
        return brief(plan)
    found = as_dict(plan)
    if view == "text":
        found["lines"] = list(lines(plan))
        found["trace_lines"] = list(trace_lines(plan))
    return found


def brief(plan: Plan) -> dict[str, Any]:
    """Reduce a plan to what a caller, an operator and a node would notice."""
    outcome = plan.outcome
    return {
        "called": plan.query.called,
        **facts(plan),
        "outcome": outcome.status,
        "sip": outcome.sip,
        "isup_cause": outcome.isup_cause,
        "code": outcome.code,
    }


def difference(found: Difference) -> dict[str, Any]:
    """Write what two generations do differently with a number."""
    return {
        "called": found.old.query.called,
        "changes": [change._asdict() for change in found.changes],
        "old_trace": list(trace_lines(found.old)),
        "new_trace": list(trace_lines(found.new)),
    }
