"""Play a forking plan against devices that behave as scripted: the timed INVITE, CANCEL and response lines.

The rules are those of a forking proxy (RFC 3261 §16.6 to §16.10); nothing is sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final, NamedTuple

from routing.contacts import Branch, ForkPlan
from routing.forking import FULL_Q, RING_S, host_of

TERMINATED: Final = 487  # a cancelled branch (RFC 3261 §9.2)
TIMEOUT: Final = 408  # a branch that never answered (RFC 3261 §16.8)
TRANSPORT_ERROR: Final = 503  # RFC 3261 §16.9
NOBODY: Final = 480  # RFC 3261 §16.5
SILENCE_S: Final = 32.0  # timer B: 64 * T1 (RFC 3261 §17.1.1.2)
TIMER_C_S: Final = 181.0  # more than three minutes without a final response (RFC 3261 §16.6)
MOST_EVENTS: Final = 10_000

# RFC 3261 §16.7 step 6: of the lowest class these come first, since they tell the caller what to change
_PREFERRED_4XX: Final = (401, 407, 415, 420, 484)


class DeviceEvent(NamedTuple):
    """What a device does, in seconds after its INVITE. `status` None = transport error; `contacts` go with a 3xx."""

    after_s: float
    status: int | None
    contacts: tuple[str, ...] = ()


class Line(NamedTuple):
    """One line of the result. `what`: INVITE, CANCEL, a status that came from a branch, or a status forwarded up."""

    at_s: float
    what: str
    branch: str | None
    status: int | None = None
    why: str | None = None


class Played(NamedTuple):
    """The ladder, what the caller gets in the end, and when."""

    lines: tuple[Line, ...]
    status: int
    ended_s: float


@dataclass(slots=True)
class _Leg:
    """One branch on its way."""

    branch: Branch
    script: tuple[DeviceEvent, ...]
    group: int
    rang: bool = False  # a provisional response came, so it can be cancelled (RFC 3261 §9.1)
    cancel_wanted: bool = False
    cancelled: bool = False
    final: int | None = None


@dataclass(slots=True)
class _Stage:
    plan: ForkPlan
    devices: Mapping[str, tuple[DeviceEvent, ...]]
    rung_out: int | None
    legs: list[_Leg] = field(default_factory=list)
    waiting: list[list[Branch]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    agenda: list[tuple[float, int, str, _Leg | None, DeviceEvent | None, int]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    group: int = 0
    sequence: int = 0
    answered: int | None = None  # 2xx that was forwarded
    declined: int | None = None  # 6xx that came

    def note(self, at_s: float, what: str, leg: _Leg | None, status: int | None = None, why: str | None = None) -> None:
        self.lines.append(Line(at_s, what, None if leg is None else leg.branch.id, status, why))

    def plan_for(
        self, at_s: float, what: str, leg: _Leg | None = None, event: DeviceEvent | None = None, group: int = 0
    ) -> None:
        self.sequence += 1
        heappush(self.agenda, (at_s, self.sequence, what, leg, event, group))


def simulate(
    plan: ForkPlan | None,
    device_events: Mapping[str, Iterable[DeviceEvent]],
    *,
    rung_out: int | None = None,
) -> Played:
    """Play `plan`; `device_events` maps a branch id or contact to what its device does, none = the device is silent.

    `rung_out` = the status that a caller gets when every branch was only cancelled or silent (None: by RFC 3261).
    Raises ValueError for more than `MOST_EVENTS` events.
    """
    if plan is None or not plan.groups:
        return Played((Line(0.0, "response", None, NOBODY, "nobody is registered"),), NOBODY, 0.0)
    devices = {name: tuple(sorted(events, key=lambda event: event.after_s)) for name, events in device_events.items()}
    if sum(map(len, devices.values())) > MOST_EVENTS:
        raise ValueError(f"more than {MOST_EVENTS} device events")
    stage = _Stage(plan, devices, rung_out, waiting=[list(group.branches) for group in plan.groups])
    stage.seen.update(branch.contact for branch in plan.branches)
    _start_group(stage, 0.0)
    ended = 0.0
    while not _over(stage):
        at_s, _, what, leg, event, group = heappop(stage.agenda)
        if what == "limit":
            _ring_limit(stage, at_s, group)
        elif leg is not None and leg.final is None:
            ended = at_s
            _device(stage, at_s, leg, event)
    return _result(stage, ended)


def _over(stage: _Stage) -> bool:
    return not stage.waiting and all(leg.final is not None for leg in stage.legs)


def _start_group(stage: _Stage, at_s: float) -> None:
    branches = stage.waiting.pop(0)
    stage.group += 1
    for branch in branches:
        _invite(stage, at_s, branch)
    limit = stage.plan.ring_s if stage.plan.ring_s or len(stage.plan.groups) == 1 else RING_S
    if limit:
        stage.plan_for(at_s + limit, "limit", group=stage.group)


def _invite(stage: _Stage, at_s: float, branch: Branch) -> None:
    script = stage.devices.get(branch.id, stage.devices.get(branch.contact, ()))
    leg = _Leg(branch, script, stage.group)
    stage.legs.append(leg)
    stage.note(at_s, "INVITE", leg)
    for event in script:
        stage.plan_for(at_s + event.after_s, "device", leg, event)
    rings = any(event.status is not None and event.status < 200 for event in script)
    stage.plan_for(at_s + (TIMER_C_S if rings else SILENCE_S), "device", leg)


def _device(stage: _Stage, at_s: float, leg: _Leg, event: DeviceEvent | None) -> None:
    """Take what a device does (None: the proxy gives it up)."""
    if event is None:
        leg.final = TIMEOUT
        stage.note(at_s, "timeout", leg, TIMEOUT)
    elif event.status is None:
        leg.final = TRANSPORT_ERROR
        stage.note(at_s, "transport-error", leg, TRANSPORT_ERROR)
    elif event.status < 200:
        _rings(stage, at_s, leg, event.status)
        return
    else:
        _finishes(stage, at_s, leg, event)
    _next_group(stage, at_s, leg.group)


def _rings(stage: _Stage, at_s: float, leg: _Leg, status: int) -> None:
    stage.note(at_s, "response", leg, status)
    leg.rang = True
    if leg.cancel_wanted and not leg.cancelled:
        _cancel(stage, at_s, leg, "held back until a provisional response")


def _finishes(stage: _Stage, at_s: float, leg: _Leg, event: DeviceEvent) -> None:
    status = event.status or 0
    leg.final = status
    stage.note(at_s, "response", leg, status)
    if status < 300:
        stage.note(at_s, "forward", leg, status, "a 2xx goes to the caller at once")
        stage.answered = stage.answered or status
        _stop(stage, at_s, "another branch answered")
    elif status < 400 and stage.plan.recurse and stage.answered is None and stage.declined is None:
        _recurse(stage, at_s, event.contacts, leg.group)
    elif status >= 600:
        stage.declined = stage.declined or status
        _stop(stage, at_s, "a 6xx ends the search")


def _recurse(stage: _Stage, at_s: float, contacts: tuple[str, ...], group: int) -> None:
    """Call the targets of a 3xx, each URI once."""
    current, stage.group = stage.group, group
    for contact in contacts:
        if contact not in stage.seen and len(stage.legs) < stage.plan.max_targets:
            stage.seen.add(contact)
            name = f"b{len(stage.seen)}"
            _invite(stage, at_s, Branch(name, contact, FULL_Q, (), host_of(contact), None, None))
    stage.group = current


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
        _cancel(stage, at_s, leg, why)


def _cancel(stage: _Stage, at_s: float, leg: _Leg, why: str) -> None:
    """Send CANCEL; the device ends with 487, unless its script answers at the very same moment."""
    leg.cancelled = True
    stage.note(at_s, "CANCEL", leg, None, why)
    late = [event for event in leg.script if event.status is not None and 200 <= event.status < 300]
    stage.agenda[:] = [entry for entry in stage.agenda if entry[3] is not leg or _stays(entry, at_s, late)]
    stage.agenda.sort()
    stage.plan_for(at_s, "device", leg, DeviceEvent(0.0, TERMINATED))


def _stays(
    entry: tuple[float, int, str, _Leg | None, DeviceEvent | None, int], at_s: float, late: list[DeviceEvent]
) -> bool:
    return entry[0] == at_s and entry[4] in late


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


def _result(stage: _Stage, ended: float) -> Played:
    if stage.answered is not None:
        return Played(tuple(stage.lines), stage.answered, ended)
    finals = [leg.final or TIMEOUT for leg in stage.legs]
    status = stage.declined or best_response(finals)
    only_rung_out = all(final in {TERMINATED, TIMEOUT} for final in finals)
    if only_rung_out and stage.rung_out is not None:
        status = stage.rung_out
    stage.note(ended, "forward", None, status, "the best response")
    return Played(tuple(stage.lines), status, ended)


def best_response(finals: Iterable[int]) -> int:
    """Choose what the caller gets when nobody answered (RFC 3261 §16.7 step 6)."""
    found = sorted(finals)
    if not found:
        return TIMEOUT
    if found[-1] >= 600:
        return found[-1]
    lowest = found[0] // 100
    best = [final for final in found if final // 100 == lowest]
    chosen = next((status for status in _PREFERRED_4XX if status in best), best[0])
    return 500 if chosen == 503 else chosen
