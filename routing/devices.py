"""What devices do in a simulated call, and which branch each script is for."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from routing.contacts import ForkPlan
from routing.forking import target_of

MOST_EVENTS: Final = 10_000


class DeviceEvent(NamedTuple):
    """What a device does, in seconds after its INVITE. `status` None = transport error; `contacts` go with a 3xx."""

    after_s: float
    status: int | None
    contacts: tuple[str, ...] = ()


Script = tuple[DeviceEvent, ...]


class DeviceRefused(ValueError):
    """A device that is scripted is none of the call's; `name` is the branch or contact that was given."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name
        self.why = why


def assign(plan: ForkPlan, device_events: Mapping[str, Iterable[DeviceEvent]]) -> dict[str, Script]:
    """Find out for which branch each script is: by its id, or by its target where only a 3xx can bring it.

    Raises `DeviceRefused` for what is no branch, or one that has a script already, and ValueError for more than
    `MOST_EVENTS` events.
    """
    given = {name: tuple(sorted(events, key=lambda event: event.after_s)) for name, events in device_events.items()}
    if sum(map(len, given.values())) > MOST_EVENTS:
        raise ValueError(f"more than {MOST_EVENTS} device events")
    names, known = _names(plan, given)
    scripts: dict[str, Script] = {}
    for name, events in given.items():
        branch = names.get(name) or names.get(target_of(name))
        if branch is None:
            raise DeviceRefused(name, f"is no branch or contact of this call; there are: {', '.join(known)}")
        if branch in scripts:
            raise DeviceRefused(name, f"is {branch}, which has a script already")
        scripts[branch] = events
    return scripts


def _names(plan: ForkPlan, given: Mapping[str, Script]) -> tuple[Mapping[str, str], Iterable[str]]:
    """Map everything that a branch may be called to the key of its script; and list the branches for a person."""
    planned = {target_of(branch.contact): branch.id for branch in plan.branches}
    moved = [contact for script in given.values() for event in script for contact in event.contacts]
    new = {target: contact for contact in moved if (target := target_of(contact)) not in planned}
    later = [f"b{len(planned) + at}" for at in range(1, len(new) + 1)]
    names = planned | {name: name for name in (*planned.values(), *later, *new)}
    return names, [*(f"{branch.id} ({branch.contact})" for branch in plan.branches), *new.values()]
