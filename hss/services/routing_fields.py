"""The fields of a route query: the forms that they may have, and the rule that a wrong one breaks."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import Any, Final, TypeVar

from routing.contacts import Fork
from routing.normalise import Kind, Profile, Warned
from routing.plan import NOTHING_SUPPOSED, Suppose
from routing.preferences import INDIFFERENT, preferences

W = TypeVar("W", bound=StrEnum)

LONGEST_CALLED: Final = 1024  # characters of a called number in any form
MOST_DOWN: Final = 1000
LARGEST_SEED: Final = (1 << 53) - 1  # RFC 7493 §2.2: every reader of JSON holds it exactly
LATEST: Final = 253402300799.0  # the last second of the year 9999
SUPPOSITIONS: Final = ("scscf_unset", "nobody_registered", "hss_unreachable")
PLAIN_PROFILE: Final[Mapping[str, type]] = {
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
NONE_ALLOWED: Final = frozenset({"ndc", "trunk", "intl"})


class QueryRefused(ValueError):
    """A query that cannot be understood; `field` is its path."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}" if field else rule)
        self.field = field
        self.rule = rule


PROFILE_FIELDS: Final = frozenset({"operator", "profile"})
SIGNAL_FIELDS: Final = {Kind.ISUP: ("noa", "npi"), Kind.GT: ("nai", "np")}  # in front of `digits`


def check_called(called: str) -> None:
    """Refuse a number that is too long to be one."""
    if len(called) > LONGEST_CALLED:
        raise QueryRefused("called", f"may have at most {LONGEST_CALLED} characters")


def changed(profile: Profile, given: Mapping[str, object]) -> Profile:
    """Set single fields of a dial plan; raise `QueryRefused`."""
    changes: dict[str, Any] = {}
    for name, value in given.items():
        path = f"profile.{name}"
        if name in PLAIN_PROFILE:
            kind = PLAIN_PROFILE[name]
            if not (type(value) is kind or (value is None and name in NONE_ALLOWED)):
                raise QueryRefused(path, f"must be {_NAMES[kind]}")
            changes[name] = value
        elif name in _READ_PROFILE:
            changes[name] = _READ_PROFILE[name](path, value)
        else:
            raise QueryRefused(path, f"is not a field here; there are: {', '.join(PROFILE)}")
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
PROFILE: Final = tuple(entry.name for entry in fields(Profile) if entry.init)


# --- The fields of a query -------------------------------------------------------------------------------------------


def _read_called(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, str):
        check_called(value)
    elif not isinstance(value, Mapping):
        raise QueryRefused(name, "must be text, or an object for the kinds isup and gt")
    return {name: value}


def signals_of(kind: Kind, called: str) -> object:
    """Take `4,1,497219578290` apart for the kinds isup and gt; other text is left to the number module to refuse."""
    names, parts = SIGNAL_FIELDS.get(kind), called.split(",")
    if names is None or len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts[:2]):
        return called
    return {names[0]: int(parts[0][:9]), names[1]: int(parts[1][:9]), "digits": parts[2]}


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
    if type(value) is not int or not 0 <= value <= LARGEST_SEED:
        raise QueryRefused(name, f"must be a whole number from 0 to {LARGEST_SEED}")
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
        raise QueryRefused(name, f"must be an object with some of down, {', '.join(SUPPOSITIONS)}")
    down: frozenset[str] = frozenset()
    flags: dict[str, bool] = {}
    for what, given in value.items():
        if what == "down":
            hosts = _words(f"{name}.down", given)
            if len(hosts) > MOST_DOWN:
                raise QueryRefused(f"{name}.down", f"may name at most {MOST_DOWN} hosts")
            down = frozenset(hosts)
        elif what in SUPPOSITIONS:
            if not isinstance(given, bool):
                raise QueryRefused(f"{name}.{what}", "must be true or false")
            flags[what] = given
        else:
            raise QueryRefused(f"{name}.{what}", f"is not a field here; there are: down, {', '.join(SUPPOSITIONS)}")
    return {name: Suppose(down=down, **flags) if down or flags else NOTHING_SUPPOSED}


QUERY_READERS: Final[Mapping[str, Callable[[str, object], dict[str, Any]]]] = {
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
FIELDS: Final = (*QUERY_READERS, *sorted(PROFILE_FIELDS))
