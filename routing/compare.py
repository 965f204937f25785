"""What two generations of the tables route differently, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from routing.contacts import ForkPlan
from routing.decision import route
from routing.plan import Plan, Query
from routing.ports import State
from routing.tables import Tables


class Change(NamedTuple):
    """One fact of a plan, before and after."""

    what: str
    old: str | None
    new: str | None


class Difference(NamedTuple):
    """A number that goes another way; `old` and `new` are plans with their traces."""

    called: object
    changes: tuple[Change, ...]
    old: Plan
    new: Plan


def compare(
    old: Tables, new: Tables, queries: Iterable[Query], old_state: State, new_state: State | None = None
) -> Iterator[Difference]:
    """Route each query by both generations; answer those that differ, with every fact that does.

    A number that goes the same way costs two decisions without a trace.
    """
    for query in queries:
        quiet = replace(query, explain=False)
        before, after = route(quiet, old, old_state), route(quiet, new, new_state or old_state)
        changes = tuple(changed_facts(before, after))
        if changes:
            loud = replace(query, explain=True)
            plans = route(loud, old, old_state), route(loud, new, new_state or old_state)
            yield Difference(query.called, changes, *plans)


def changed_facts(old: Plan, new: Plan) -> Iterator[Change]:
    """List the facts in which two plans differ, from the number to the outcome."""
    before, after = facts(old), facts(new)
    for what, value in before.items():
        if after[what] != value:
            yield Change(what, value, after[what])


def facts(plan: Plan) -> dict[str, str | None]:
    """Reduce a plan to what a caller, an operator and a node would notice."""
    match, entry, icscf, fork, ported = plan.operator, plan.entry, plan.icscf, plan.fork, plan.portability
    outcome = plan.outcome
    return {
        "number": None if plan.number is None else plan.number.tel_uri,
        "operator": None if match is None else match.operator.name,
        "type": None if match is None else f"{match.operator.type}",
        "match": None if match is None else f"{match.match} {match.matched}".rstrip(),
        "routing_number": None if ported is None else ported.rn,
        "entry": None if entry is None or entry.node is None else entry.node.name,
        "request_uri": plan.request_uri,
        "icscf": None if icscf is None else " ".join(member.name for member in icscf.ranking.order),
        "scscf": None if plan.location is None else plan.location.scscf,
        "branches": None if fork is None else " ".join(branch.contact for branch in fork.branches),
        "fork": None if fork is None else _manner(fork),
        "outcome": f"{outcome.status} {outcome.sip or ''}".rstrip(),
    }


def _manner(fork: ForkPlan) -> str:
    """Say how contacts are called: in which mode, for how long, and by which proxies."""
    limit = "" if fork.ring_s is None else f" {fork.ring_s} s each"
    return f"{fork.mode}{limit} by {' '.join(branch.next_hop for branch in fork.branches)}"
