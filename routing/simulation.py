"""Play a forking plan against devices that behave as scripted: the timed INVITE, CANCEL and response lines.

The rules are those of a forking proxy (RFC 3261 §16.6 to §16.10); nothing is sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from routing.contacts import Branch, ForkPlan
from routing.devices import DeviceEvent, Script, assign
from routing.forking import FULL_Q, RING_S, host_of, target_of
from routing.plan import Plan

TERMINATED: Final = 487  # a cancelled branch (RFC 3261 §9.2)
TIMEOUT: Final = 408  # a branch that never answered (RFC 3261 §16.8)
TRANSPORT_ERROR: Final = 503  # RFC 3261 §16.9
NOBODY: Final = 480  # RFC 3261 §16.5
T1_S: Final = 0.5  # RFC 3261 §17.1.1.1: what a response that crosses a CANCEL may be under way
SILENCE_S: Final = 32.0  # timer B: 64 * T1 (RFC 3261 §17.1.1.2)
TIMER_C_S: Final = 181.0  # more than three minutes without a final response (RFC 3261 §16.6)
RESETS_TIMER_C: Final = range(101, 200)  # RFC 3261 §16.7 step 2

# RFC 3261 §16.7 step 6: of the lowest class these come first, since they tell the caller what to change
_PREFERRED_4XX: Final = (401, 407, 415, 420, 484)


class Line(NamedTuple):
    """One line of the result.

    `what`: INVITE, CANCEL, a status that came from a branch, a status forwarded up, or targets that are not called.
    """

    at_s: float
    what: str
    branch: str | None
    status: int | None = None
    why: str | None = None


class Played(NamedTuple):
    """The ladder, what the caller gets in the end and when (`answered_s`), and when the last branch was done."""

    lines: tuple[Line, ...]
    status: int
    answered_s: float
    ended_s: float


class NotPlayed(ValueError):
    """The call does not end by a SIP status here: it goes on elsewhere."""


class _Due(Enum):
    """What happens at a time of the agenda."""

    DEVICE = auto()  # an event of a script
    LIMIT = auto()  # a group has rung long enough
    TIMER_B = auto()
    TIMER_C = auto()


@dataclass(slots=True)
class _Leg:
    """One branch on its way."""

    branch: Branch
    script: Script
    group: int
    timer_c_s: float
    rang: bool = False  # a provisional response came, so it can be cancelled (RFC 3261 §9.1)
    cancel_wanted: bool = False
    cancelled: bool = False
    recursed: bool = False  # ended by a 3xx whose targets were all called
    final: int | None = None


class _Entry(NamedTuple):
    """A line of the agenda; `n` keeps those of one time in the order in which they were planned."""

    at_s: float
    n: int
    what: _Due
    leg: _Leg | None
    event: DeviceEvent
    group: int


_NOTHING: Final = DeviceEvent(0.0, None)


@dataclass(slots=True)
class _Stage:
    plan: ForkPlan
    scripts: Mapping[str, Script]  # by branch id, or by target where a 3xx may bring it
    legs: list[_Leg] = field(default_factory=list)
    waiting: list[tuple[Branch, ...]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    agenda: list[_Entry] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    group: int = 0
    sequence: int = 0
    moved: int = 0  # branches that ended by a 3xx which was followed
    answered: Line | None = None  # the first 2xx that was forwarded
    declined: int | None = None  # 6xx that came
    ended_s: float = 0.0

    def note(self, at_s: float, what: str, leg: _Leg | None, status: int | None = None, why: str | None = None) -> Line:
        line = Line(at_s, what, None if leg is None else leg.branch.id, status, why)
        self.lines.append(line)
        return line

    def plan_for(
        self, at_s: float, what: _Due, leg: _Leg | None = None, event: DeviceEvent = _NOTHING, group: int = 0
    ) -> None:
        self.sequence += 1
        heappush(self.agenda, _Entry(at_s, self.sequence, what, leg, event, group))


def play(
    plan: Plan,
    device_events: Mapping[str, Iterable[DeviceEvent]],
    *,
    rung_out: int | None = None,
    recurse: bool = False,
) -> Played:
    """Play the whole call; one that ends before a fork gets the status of its outcome.

    `recurse` = the proxy calls the targets of a 3xx, unless the caller's Request-Disposition says no. Raises
    `NotPlayed` where no SIP status ends the call here, and what `simulate` raises.
    """
    fork, outcome = plan.fork, plan.outcome
    if outcome.sip is not None:
        line = Line(0.0, "response", None, outcome.sip, outcome.why or outcome.status)
        return Played((line,), outcome.sip, 0.0, 0.0)
    if fork is None or not fork.groups:
        where = f", {outcome.why}" if outcome.why else ""
        raise NotPlayed(f"the outcome is `{outcome.status}`{where}: no SIP status ends the call here")
    if recurse and plan.query.wishes.recurse is None:
        fork = fork._replace(recurse=True)
    return simulate(fork, device_events, rung_out=rung_out)


def simulate(
    plan: ForkPlan,
    device_events: Mapping[str, Iterable[DeviceEvent]],
    *,
    rung_out: int | None = None,
) -> Played:
    """Play `plan`; `device_events` maps a branch id or contact to what its device does, none = the device is silent.

    `rung_out` = the status that a caller gets when every branch was only cancelled or silent (None: by RFC 3261).
    Raises what `routing.devices.assign` raises.
    """
    if not plan.groups:
        return Played((Line(0.0, "response", None, NOBODY, "nobody is registered"),), NOBODY, 0.0, 0.0)
    stage = _Stage(plan, assign(plan, device_events), waiting=[group.branches for group in plan.groups])
    stage.seen.update(target_of(branch.contact) for branch in plan.branches)
    _start_group(stage, 0.0)
    while not _over(stage):
        _happens(stage, heappop(stage.agenda))
    return _result(stage, rung_out)


def _over(stage: _Stage) -> bool:
    return not stage.waiting and all(leg.final is not None for leg in stage.legs)


def _start_group(stage: _Stage, at_s: float) -> None:
    branches = stage.waiting.pop(0)
    stage.group += 1
    for branch in branches:
        _invite(stage, at_s, branch, stage.group)
    limit = stage.plan.ring_s if stage.plan.ring_s or len(stage.plan.groups) == 1 else RING_S
    if limit:
        stage.plan_for(_later(at_s, limit), _Due.LIMIT, group=stage.group)


def _later(at_s: float, after_s: float) -> float:
    """Add times, to the microsecond: equal moments shall be equal."""
    return round(at_s + after_s, 6)


def _invite(stage: _Stage, at_s: float, branch: Branch, group: int) -> None:
    script = stage.scripts.get(branch.id) or stage.scripts.get(target_of(branch.contact), ())
    leg = _Leg(branch, script, group, _later(at_s, TIMER_C_S))
    stage.legs.append(leg)
    stage.note(at_s, "INVITE", leg)
    for event in script:
        stage.plan_for(_later(at_s, event.after_s), _Due.DEVICE, leg, event)
    stage.plan_for(_later(at_s, SILENCE_S), _Due.TIMER_B, leg)
    stage.plan_for(leg.timer_c_s, _Due.TIMER_C, leg)


def _happens(stage: _Stage, entry: _Entry) -> None:
    at_s, _, what, leg, event, group = entry
    if what is _Due.LIMIT:
        _ring_limit(stage, at_s, group)
    elif leg is None or leg.final is not None:
        return
    elif what is _Due.DEVICE:
        _device(stage, at_s, leg, event)
    elif what is _Due.TIMER_B and not leg.rang:
        _times_out(stage, at_s, leg)
    elif what is _Due.TIMER_C and at_s == leg.timer_c_s and not leg.cancelled:
        _timer_c(stage, at_s, leg)


def _timer_c(stage: _Stage, at_s: float, leg: _Leg) -> None:
    """End a branch that rings and rings: a CANCEL, and no waiting for what comes of it (RFC 3261 §16.8)."""
    if not _cancel(stage, at_s, leg, "timer C"):
        _times_out(stage, at_s, leg)


def _times_out(stage: _Stage, at_s: float, leg: _Leg) -> None:
    """Give a branch up: that counts as 408 (RFC 3261 §16.8)."""
    stage.note(at_s, "timeout", leg, TIMEOUT)
    _ends(stage, at_s, leg, TIMEOUT)
    _next_group(stage, at_s, leg.group)


def _device(stage: _Stage, at_s: float, leg: _Leg, event: DeviceEvent) -> None:
    """Take what a device does."""
    status = event.status
    if status is None:
        stage.note(at_s, "transport-error", leg, TRANSPORT_ERROR)
        _ends(stage, at_s, leg, TRANSPORT_ERROR)
    elif status < 200:
        _rings(stage, at_s, leg, status)
        return
    else:
        stage.note(at_s, "response", leg, status)
        _ends(stage, at_s, leg, status)
        _finishes(stage, at_s, leg, status, event.contacts)
    _next_group(stage, at_s, leg.group)


def _ends(stage: _Stage, at_s: float, leg: _Leg, status: int) -> None:
    leg.final = status
    stage.ended_s = at_s


def _rings(stage: _Stage, at_s: float, leg: _Leg, status: int) -> None:
    stage.note(at_s, "response", leg, status)
    leg.rang = True
    if status in RESETS_TIMER_C:
        leg.timer_c_s = _later(at_s, TIMER_C_S)
        stage.plan_for(leg.timer_c_s, _Due.TIMER_C, leg)
    if leg.cancel_wanted and not leg.cancelled:
        _terminate(stage, at_s, leg, "held back until a provisional response")


def _finishes(stage: _Stage, at_s: float, leg: _Leg, status: int, contacts: tuple[str, ...]) -> None:
    if status < 300:
        line = stage.note(at_s, "forward", leg, status, "a 2xx goes to the caller at once")
        stage.answered = stage.answered or line
        _stop(stage, at_s, "another branch answered")
    elif status < 400:
        if stage.plan.recurse and not (stage.answered or stage.declined or leg.cancel_wanted):
            leg.recursed = _recurse(stage, at_s, contacts, leg.group)
    elif status >= 600:
        stage.declined = stage.declined or status
        _stop(stage, at_s, "a 6xx ends the search")


def _recurse(stage: _Stage, at_s: float, contacts: tuple[str, ...], group: int) -> bool:
    """Call the targets of a 3xx, each URI once (RFC 3261 §16.7 step 4); tell whether none is left for the caller.

    The first of them takes the place of the branch that moved, so that a plan with all its targets can follow it.
    """
    stage.moved += 1
    left = []
    for contact in contacts:
        if (target := target_of(contact)) in stage.seen:
            continue
        if len(stage.seen) - stage.moved >= stage.plan.max_targets:
            left.append(contact)
            continue
        stage.seen.add(target)
        name = f"b{len(stage.seen)}"
        _invite(stage, at_s, Branch(name, contact, FULL_Q, (), host_of(contact), None, None), group)
    if left:
        why = f"at most {stage.plan.max_targets} targets: {', '.join(left)}"
        stage.note(at_s, "not-called", None, None, why)
    return bool(contacts) and not left


def _stop(stage: _Stage, at_s: float, why: str) -> None:
    """Cancel what is pending and start nothing new."""
    stage.waiting.clear()
    if stage.answered is not None and not stage.plan.cancel:
        return
    for leg in stage.legs:
        _give_up(stage, at_s, leg, why)


def _give_up(stage: _Stage, at_s: float, leg: _Leg, why: str) -> None:
    if leg.final is not None or leg.cancelled:
        return
    leg.cancel_wanted = True
    if leg.rang:
        _terminate(stage, at_s, leg, why)


def _terminate(stage: _Stage, at_s: float, leg: _Leg, why: str) -> None:
    """Send CANCEL; the device ends the branch with 487, unless its own final response is under way."""
    if not _cancel(stage, at_s, leg, why):
        stage.plan_for(at_s, _Due.DEVICE, leg, DeviceEvent(0.0, TERMINATED))


def _cancel(stage: _Stage, at_s: float, leg: _Leg, why: str) -> bool:
    """Send CANCEL; tell whether a final response crosses it. Nothing else that is scripted for later happens."""
    leg.cancelled = True
    stage.note(at_s, "CANCEL", leg, None, why)
    latest = _later(at_s, T1_S)
    crossing = [entry for entry in stage.agenda if entry.leg is leg and _is_final(entry) and entry.at_s <= latest]
    last = min(crossing)[:2] if crossing else (at_s, 0)
    stage.agenda[:] = [entry for entry in stage.agenda if entry.leg is not leg or entry[:2] <= last]
    heapify(stage.agenda)
    return bool(crossing)


def _is_final(entry: _Entry) -> bool:
    return entry.what is _Due.DEVICE and (entry.event.status or 0) >= 200


def _ring_limit(stage: _Stage, at_s: float, group: int) -> None:
    """End the ringing of a group: CANCEL where it can be sent, and start the next group in any case."""
    for leg in stage.legs:
        if leg.group == group:
            _give_up(stage, at_s, leg, "ring limit")
    if stage.group == group and stage.waiting:
        _start_group(stage, at_s)


def _next_group(stage: _Stage, at_s: float, group: int) -> None:
    """Go on as soon as every branch of the last group is final."""
    if group == stage.group and stage.waiting and all(leg.final for leg in stage.legs if leg.group == group):
        _start_group(stage, at_s)


def _result(stage: _Stage, rung_out: int | None) -> Played:
    if (first := stage.answered) is not None:
        return Played(tuple(stage.lines), first.status or NOBODY, first.at_s, stage.ended_s)
    finals = [leg.final or TIMEOUT for leg in stage.legs if not leg.recursed]
    status = stage.declined or best_response(finals)
    if rung_out is not None and finals and all(final in {TERMINATED, TIMEOUT} for final in finals):
        status = rung_out
    stage.note(stage.ended_s, "forward", None, status, "the best response")
    return Played(tuple(stage.lines), status, stage.ended_s, stage.ended_s)


def best_response(finals: Iterable[int]) -> int:
    """Choose what the caller gets when nobody answered (RFC 3261 §16.7 step 6); a 503 is not passed on as such."""
    found = sorted(finals)
    if not found:
        return TIMEOUT
    if found[-1] >= 600:
        return found[-1]
    best = [final for final in found if final // 100 == found[0] // 100]
    return next((status for status in _PREFERRED_4XX if status in best), None) or next(
        (status for status in best if status != 503), 500
    )
