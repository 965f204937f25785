"""Route queries as JSON values: what may be asked, which rule a wrong one breaks, and how a plan is given back.

A query is a number (text), or an object with `called` and anything else that decides the way. The kind of the number is
always named, never guessed; it is `text` where the query says nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hss.services.routing_fields import (
    FIELDS,
    PROFILE,
    PROFILE_FIELDS,
    QUERY_READERS,
    SIGNAL_FIELDS,
    QueryRefused,
    changed,
    check_called,
    signals_of,
)
from routing.compare import Difference, facts
from routing.describe import as_dict, lines, trace_lines
from routing.normalise import DEFAULT_PROFILE, Profile
from routing.plan import Plan, Query

VIEWS: Final = ("plan", "text", "brief")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads queries. `basis` = what counts where a query says nothing; `profiles` = the dial plans of the operators.

    `fields` = what a query may have here; `beside` = what may stand beside it in the same object, for the errors.
    """

    basis: Query
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    fields: tuple[str, ...] = FIELDS
    beside: tuple[str, ...] = ()

    def read(self, body: object) -> Query:
        """Read one query; raise `QueryRefused`."""
        if isinstance(body, str):
            return self._called(body)
        if not isinstance(body, Mapping):
            raise QueryRefused("", "a query is a number, or an object with `called`")
        if len(body) == 1 and isinstance(called := body.get("called"), str):
            return self._called(called)
        changes: dict[str, Any] = {}
        _demand(body, self.fields, self.beside)
        for name, value in body.items():
            if value is not None and name not in PROFILE_FIELDS:
                changes |= QUERY_READERS[name](name, value)
        profile = self._profile(body)
        if profile is not None:
            changes["profile"] = profile
        if "called" not in body:
            raise QueryRefused("called", "is required")
        query = replace(self.basis, **changes)
        return _with_signals(query) if query.kind in SIGNAL_FIELDS else query

    def defaults(self, body: Mapping[str, object], *, beside: tuple[str, ...] = ()) -> "Reader":
        """Let `body`, a query without a number, count where queries say nothing; `beside` = what else stood there."""
        _demand(body, [name for name in self.fields if name != "called"], beside)
        whole = replace(self, fields=(*self.fields, "called"))
        return replace(self, basis=whole.read({**body, "called": ""}))

    def _called(self, called: str) -> Query:
        basis = self.basis
        check_called(called)
        return Query(
            called=signals_of(basis.kind, called) if basis.kind in SIGNAL_FIELDS else called,
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
        if isinstance(given, str):
            return self._named(given, operator)
        if not isinstance(given, Mapping):
            raise QueryRefused("profile", f"must be a name, or an object with some of {', '.join(PROFILE)}")
        return changed(profile, given)

    def _named(self, name: str, operator: object) -> Profile:
        """Find a dial plan by the name that a plan prints: an operator's, or the one that is usual."""
        usual = self.basis.profile.enum_suffix
        known = {DEFAULT_PROFILE.name: DEFAULT_PROFILE, **self.profiles}
        if operator is not None:
            raise QueryRefused("profile", "names a dial plan, as `operator` does: only one of them can count")
        if name not in known:
            raise QueryRefused("profile", f"there is no profile {name!r}; there are: {', '.join(known)}")
        return replace(known[name], enum_suffix=usual)


def _demand(body: Mapping[str, object], fields: Sequence[str], beside: Sequence[str]) -> None:
    """Refuse a field that is none, and name all that there are."""
    for name in body:
        if name not in fields:
            raise QueryRefused(name, f"is not a field here; there are: {', '.join((*beside, *fields))}")


def _with_signals(query: Query) -> Query:
    called = query.called
    return replace(query, called=signals_of(query.kind, called)) if isinstance(called, str) else query


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
