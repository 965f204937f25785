"""The HSS as number routing sees it: the decisions of sendRoutingInfo and LIR on what is known, without their effects.

Nothing is lent and nothing is written: a route query may be asked a million times and leaves no trace. What is not
known yet raises `NotLoaded`; `RoutingService` loads it and asks again.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from hss.procedures import cx
from hss.procedures.errors import ProcedureError
from hss.procedures.map_refusals import (
    AbsentSubscriber,
    CallBarred,
    Refusal,
    SystemFailure,
    UnknownSubscriber,
)
from hss.procedures.map_routing_info import CalledParty, Decision, Forward, IcscfRoute, RoutingInfoRequest, decide
from hss.services.cx import CxService
from hss.services.read_model import ReadModel, Slot
from routing.contacts import Registration
from routing.ports import Location, RoutingInfo, RoutingInfoAsk, RoutingInfoResult
from routing.selection import ADMIN_DOWN, Excluded, Policy, Ranking
from schemas.identities import Msisdn

Key: TypeAlias = tuple[str, str]  # what it is, and its number or identity
ResultOf: TypeAlias = Callable[[cx.LocationInfoAnswer | ProcedureError], int]

MOST_DECIDED: Final = 50_000
_RESULT_OF: Final[Mapping[type[Refusal], RoutingInfoResult]] = {
    AbsentSubscriber: RoutingInfoResult.ABSENT,
    CallBarred: RoutingInfoResult.BARRED,
    UnknownSubscriber: RoutingInfoResult.UNKNOWN,
}


class NotLoaded(Exception):
    """Only the database can tell; `load` gives what `key` stands for."""

    def __init__(self, key: Key, load: Callable[[], Awaitable[Any]]) -> None:
        super().__init__(key)
        self.key = key
        self.load = load


class Calls(Protocol):
    """What routing needs of the database, beside what Cx needs."""

    async def by_msisdn(self, msisdn: Msisdn) -> CalledParty | None:
        """Find a called party by number."""
        ...

    async def registration(self, uri: str) -> Registration | None:
        """Find the contacts of the implicit registration set of a public identity; None where it is not registered."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where knowledge comes from. `result_of` gives the result code that Diameter has for an answer or refusal."""

    cx: CxService
    calls: Calls
    parties: ReadModel[str, CalledParty]
    registrations: ReadModel[str, Registration]
    result_of: ResultOf


class KnownSubscribers:
    """Fulfils `routing.ports.Subscribers`; `loaded` is what was loaded for one query alone.

    What was decided is kept for as long as the entries of the read models that it rests on are current.
    """

    def __init__(self, sources: Sources, loaded: Mapping[Key, Any]) -> None:
        self._sources = sources
        self._loaded = loaded
        self._decided: dict[str, tuple[Slot[str], RoutingInfo]] = {}
        self._placed: dict[str, tuple[Slot[str], Slot[str], Location]] = {}

    def routing_info(self, ask: RoutingInfoAsk) -> RoutingInfo:
        """Decide as the HSS does for sendRoutingInfo, without lending a number."""
        kept = None if ask.down else self._decided.get(ask.msisdn)
        if kept is not None and kept[0].current:
            kept[0].used = True
            return kept[1]
        party = self._party(ask.msisdn)
        request = RoutingInfoRequest(msisdn=Msisdn(ask.msisdn), takes_long_numbers=True)
        turns = party is not None and party.icscf is not None and party.icscf.policy is Policy.ROUND_ROBIN
        decision = decide(request, party, turn=ask.turn if turns else 0, seed=ask.seed, down=ask.down)
        info = told(decision, party, ask.down)
        mark = self._sources.parties.peek(ask.msisdn)
        if mark is not None and not ask.down and party is not None and (party.icscf is None or party.icscf.steady):
            self._decided[_with_room(self._decided, ask.msisdn)] = mark, info
        return info

    def location(self, public_identity: str) -> Location:
        """Decide as the HSS does for LIR."""
        kept = self._placed.get(public_identity)
        if kept is not None and kept[0].current and kept[1].current:
            kept[0].used = kept[1].used = True
            return kept[2]
        try:
            found = self._located(self._locate(public_identity))
        except ProcedureError as refusal:
            found = Location(self._sources.result_of(refusal), why=type(refusal).__name__)
        if marks := self._sources.cx.marks(cx.LocationInfoRequest(public=public_identity)):
            self._placed[_with_room(self._placed, public_identity)] = marks[0], marks[-1], found
        return found

    def registration(self, public_identity: str) -> Registration | None:
        """Find the contacts; those of a wildcarded identity stand under its stored form."""
        found = self._registration(public_identity)
        if found is not None:
            return found
        try:
            answer = self._locate(public_identity)
        except ProcedureError:
            return None
        return None if answer.wildcard is None else self._registration(answer.wildcard)

    def _located(self, answer: cx.LocationInfoAnswer) -> Location:
        matched = "distinct" if answer.wildcard is None else "wildcarded"
        return Location(
            self._sources.result_of(answer),
            answer.server_name,
            matched,
            _why(answer),
            answer.direct_routing,
            answer.unregistered,
        )

    def _locate(self, uri: str) -> cx.LocationInfoAnswer:
        if (key := ("location", uri)) in self._loaded:
            kept = self._loaded[key]
            if isinstance(kept, ProcedureError):
                raise kept
            answer: cx.LocationInfoAnswer = kept
            return answer
        found = self._sources.cx.locate(cx.LocationInfoRequest(public=uri))
        if isinstance(found, cx.LocationInfoAnswer):
            return found
        raise NotLoaded(key, lambda: _outcome(found))

    def _party(self, digits: str) -> CalledParty | None:
        if (key := ("party", digits)) in self._loaded:
            kept: CalledParty | None = self._loaded[key]
            return kept
        found = self._sources.parties.find(digits)
        if found is not None:
            return found.value
        calls = self._sources.calls
        raise NotLoaded(key, lambda: _filled(self._sources.parties, digits, lambda: calls.by_msisdn(Msisdn(digits))))

    def _registration(self, uri: str) -> Registration | None:
        if (key := ("registration", uri)) in self._loaded:
            kept: Registration | None = self._loaded[key]
            return kept
        found = self._sources.registrations.find(uri)
        if found is not None:
            return found.value
        calls = self._sources.calls
        raise NotLoaded(key, lambda: _filled(self._sources.registrations, uri, lambda: calls.registration(uri)))


def _with_room(kept: dict[str, Any], key: str) -> str:
    """Let everything go where too much is kept."""
    if len(kept) >= MOST_DECIDED:
        kept.clear()
    return key


async def _outcome(locating: Awaitable[cx.LocationInfoAnswer]) -> cx.LocationInfoAnswer | ProcedureError:
    try:
        return await locating
    except ProcedureError as refusal:
        return refusal


async def _filled(model: ReadModel[str, Any], key: str, load: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
    ticket = model.start(key)
    try:
        value = await load()
    except BaseException:
        model.abandon(key, ticket)
        raise
    model.fill(key, value, ticket)
    return value


def _why(answer: cx.LocationInfoAnswer) -> str | None:
    if answer.direct_routing:
        return "the application server of a public service identity"
    if answer.unregistered_service:
        return "not registered, but with services: the I-CSCF chooses an S-CSCF"
    return None


def told(decision: Decision, party: CalledParty | None, down: Mapping[str, str]) -> RoutingInfo:
    """Say a decision of sendRoutingInfo in the words of routing."""
    if isinstance(decision, IcscfRoute):
        return _through_ims(decision.order, party, down)
    if isinstance(decision, Forward):
        why = "voicebox" if decision.to_voicebox else f"call forwarding {decision.condition.value}"
        left_out = _excluded((), party, down) if party is not None and party.reachable_in_ims else ()
        return RoutingInfo(RoutingInfoResult.FORWARDED, number=decision.number, why=why, excluded=left_out)
    if not isinstance(decision, Refusal):
        at = "" if party is None else f" at VLR +{party.vlr_number}"
        return RoutingInfo(RoutingInfoResult.ROAMING_NUMBER, why=f"the user is registered{at}")
    result = _RESULT_OF.get(type(decision))
    if result is not None:
        return RoutingInfo(result)
    if isinstance(decision, SystemFailure):  # reachable in IMS, and no I-CSCF is left to name
        return _through_ims((), party, down)
    return RoutingInfo(RoutingInfoResult.NOT_OFFERED, why=f"the HSS answers {decision.name}")


def _through_ims(order: tuple[Any, ...], party: CalledParty | None, down: Mapping[str, str]) -> RoutingInfo:
    choice = None if party is None else party.icscf
    ranking = Ranking(order[0] if order else None, order, _excluded(order, party, down))
    why = None if party is None else party.preference.value
    return RoutingInfo(RoutingInfoResult.ICSCF, ranking, None if choice is None else choice.policy, why=why)


def _excluded(order: tuple[Any, ...], party: CalledParty | None, down: Mapping[str, str]) -> tuple[Excluded, ...]:
    """Say why members of the pool cannot be named; those that `order` has can."""
    members = () if party is None or party.icscf is None else party.icscf.members
    if len(order) == len(members):
        return ()
    reasons = ((member, down.get(member.host.lower(), None if member.up else ADMIN_DOWN)) for member in members)
    return tuple(Excluded(member, why) for member, why in reasons if why is not None)
