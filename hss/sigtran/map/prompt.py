"""Answers that are remembered: a Begin with one usual Invoke becomes the octets of its answer at once.

An answer depends on the version, on the essence of the argument and on what the read model knows, but for two things
that are put in each time: the invokeId, and the number that is lent. So it is written once, and kept for as long as
the entry of the read model is current. What is unusual is left to the general way, which gives the same answers.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from hss.machine import Event
from hss.procedures.map_refusals import Refusal
from hss.services.read_model import Bounded, Slot
from hss.sigtran import ber
from hss.sigtran.map.numbers import write_tbcd
from hss.sigtran.tcap.dialogue import Portion
from schemas.numbers.tcap import Tag
from schemas.octets import DecodeError

if TYPE_CHECKING:  # who only asks does without what serves
    from hss.services.lent_numbers import LentNumbers
    from hss.services.map import Standing
    from hss.sigtran.map.dispatch import Entry

MOST_OCTETS: Final = 199  # of a component that fits one unitdata beside a transaction id and an AARE
MOST_SHARED: Final = 10_000
_INVOKE: Final = int(Tag.INVOKE)
_INTEGER: Final = b"\x02\x01"  # of one octet

# Writes the component that answers: entry, answer, operation, invokeId, version.
Write: TypeAlias = "Callable[[Entry, object, int, int, int], tuple[bytes, Event]]"


class Prompt(NamedTuple):
    """An operation of a context that may be answered at once."""

    operation: int
    entry: "Entry"
    essence: Callable[[bytes, int], bytes]
    standing: "Callable[[Any], Standing | None]"


class Way(NamedTuple):
    """An application context in one version: what accepts it, and its operations by the octets of their code."""

    version: int
    acceptance: bytes
    operations: Mapping[bytes, Prompt]


class Kept(Slot[bytes]):
    """An answer around its invokeId and the number that `pool` lends."""

    __slots__ = ("after", "before", "event", "head", "mark", "owner", "pool")

    def __init__(self, key: bytes, standing: "Standing", parts: tuple[bytes, bytes, bytes], event: Event) -> None:
        super().__init__(key)
        self.head, self.before, self.after = parts
        self.mark: Final[Slot[Any]] = standing.mark
        self.pool: Final[LentNumbers | None] = standing.pool
        self.owner: Final = standing.owner
        self.event: Final = event


class PromptAnswers:
    """Gives answers that are remembered, and remembers answers. `ways` are by application context; None: version 1."""

    def __init__(self, ways: Mapping[bytes | None, Way], write: Write, limit: int) -> None:
        self._ways = ways
        self._write = write
        self._kept: Bounded[bytes, Kept] = Bounded(limit)
        self._shared: dict[bytes, bytes] = {}  # what many answers end with is in memory once

    def answer(self, portion: Portion | None, components: bytes, *, now: float) -> tuple[bytes, bytes, Event] | None:
        """Give dialogue portion, components and event; None: nothing was done, it is for the general way."""
        way = self._ways.get(None if portion is None else portion.context)
        at = ber.last(components, 0, _INVOKE)
        if way is None or not at or components[at : at + 2] != _INTEGER:
            return None
        prompt = way.operations.get(components[at + 3 : at + 6])
        if prompt is None:
            return None
        kept = self._find(prompt, way.version, components[at + 6 :])
        if kept is None:
            return None
        number = b""
        if kept.pool is not None:
            digits = kept.pool.lend(kept.owner, now=now)
            if digits is None:
                return None
            number = write_tbcd(digits)
        component = kept.head + components[at + 2 : at + 3] + kept.before + number + kept.after
        return way.acceptance, component, kept.event

    def _find(self, prompt: Prompt, version: int, parameter: bytes) -> Kept | None:
        try:
            key = bytes((prompt.operation, version)) + prompt.essence(parameter, version)
        except DecodeError:
            return None
        kept = self._kept.find(key)
        if kept is None or not kept.mark.current:
            kept = self._learn(prompt, version, parameter, key)
        if kept is not None:
            kept.used = kept.mark.used = True
        return kept

    def _learn(self, prompt: Prompt, version: int, parameter: bytes, key: bytes) -> Kept | None:
        try:
            request = prompt.entry.read(parameter, version)
            standing = None if isinstance(request, Refusal) else prompt.standing(request)
            kept = None if standing is None else self._prepare(prompt, version, standing, key)
        except Exception:  # noqa: BLE001 - the general way meets it too, and reports it
            return None
        if kept is not None:
            self._kept.put(kept)
        return kept

    def _prepare(self, prompt: Prompt, version: int, standing: "Standing", key: bytes) -> Kept | None:
        """Write an answer twice, with ids and numbers that differ in each octet, and cut it where they stand."""
        digits = 0 if standing.pool is None else standing.pool.digits
        octets = (digits + 1) // 2
        low, event = self._write(prompt.entry, standing.fill("0" * digits), prompt.operation, 0, version)
        high, _ = self._write(prompt.entry, standing.fill("9" * digits), prompt.operation, -1, version)
        places = [at for at, (one, other) in enumerate(zip(low, high, strict=True)) if one != other]
        if len(low) > MOST_OCTETS or len(places) != 1 + octets:
            return None
        id_at, number_at = places[0], places[1] if octets else len(low)
        parts = low[:id_at], low[id_at + 1 : number_at], self._share(low[number_at + octets :])
        return Kept(key, standing, parts, event)

    def _share(self, octets: bytes) -> bytes:
        if len(self._shared) >= MOST_SHARED:
            self._shared.clear()
        return self._shared.setdefault(octets, octets)
