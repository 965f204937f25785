"""What one query has found out so far; the steps of the decision fill it in."""

from collections.abc import Mapping
from typing import Any, Final

from routing.contacts import ForkPlan, Identities
from routing.normalise import Number, NumberError
from routing.plan import Icscf, Match, Outcome, Plan, Portability, Query, Step
from routing.ports import Location, State
from routing.tables import Entry, Tables

_NOT_YET: Final[Any] = None  # a step comes only after those that it builds on


class Way:
    """A plan in the making."""

    __slots__ = (
        "down",
        "entry",
        "error",
        "fork",
        "icscf",
        "identities",
        "location",
        "match",
        "number",
        "portability",
        "query",
        "request_uri",
        "state",
        "tables",
        "tel_uri",
        "trace",
    )

    # each is set by a step, or the way ends there
    number: Number
    portability: Portability
    match: Match
    entry: Entry

    def __init__(self, query: Query, tables: Tables, state: State) -> None:
        self.query = query
        self.tables = tables
        self.state = state
        self.down: Mapping[str, str] = state.down
        if supposed := query.suppose.reasons:
            self.down = {**state.down, **supposed}
        self.number = self.portability = self.match = self.entry = _NOT_YET
        self.trace: list[Step] = []
        self.error: NumberError | None = None
        self.tel_uri: str | None = None
        self.request_uri: str | None = None
        self.icscf: Icscf | None = None
        self.location: Location | None = None
        self.identities: Identities | None = None
        self.fork: ForkPlan | None = None

    def plan(self, outcome: Outcome) -> Plan:
        """Write down how far the call came."""
        return Plan(
            self.query,
            self.tables.generation,
            self.tables.sha256,
            outcome,
            self.number,
            self.error,
            self.portability,
            self.match,
            self.entry,
            self.tel_uri,
            self.request_uri,
            self.icscf,
            self.location,
            self.identities,
            self.fork,
            tuple(self.trace),
        )
