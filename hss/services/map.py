"""Serves MAP: finds the called party, lets the procedure decide, lends numbers. Knows no wire."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from hss.procedures import map_location, map_routing_info
from hss.procedures.map_refusals import (
    Absence,
    AbsentSubscriber,
    FacilityNotSupported,
    Failing,
    Refusal,
    SystemFailure,
)
from hss.procedures.map_routing_info import (
    CalledParty,
    Decision,
    Forward,
    IcscfRoute,
    RoamingNumberWanted,
    RoutingInfoRequest,
    Unlucky,
)
from hss.services.lent_numbers import LIFETIME_S, LentNumbers, Loan
from hss.services.read_model import ReadModel, Slot
from routing.selection import Member
from schemas.identities import Imsi, Msisdn

DEFAULT_MSRN_PREFIX: Final = "49171010"
DEFAULT_IMRN_PREFIX: Final = "49179900"
MOST_POOLS: Final = 1000

A = TypeVar("A")


class CalledParties(Protocol):
    """Where called parties come from: the database."""

    async def by_msisdn(self, msisdn: Msisdn) -> CalledParty | None:
        """Find a party by number."""
        ...

    async def by_imsi(self, imsi: Imsi) -> CalledParty | None:
        """Find a party by IMSI."""
        ...


@dataclass(slots=True, kw_only=True)
class RoamingNumberRequest:
    """What the HSS asks of a VLR (provideRoamingNumber). Not frozen because one is made for each call."""

    imsi: Imsi
    msisdn: Msisdn
    vlr_number: str
    msc_number: str | None = None


class RoamingNumbers(Protocol):
    """Who gives roaming numbers: the emulated VLR, or a real one."""

    def provide(
        self, request: RoamingNumberRequest, party: CalledParty, *, now: float
    ) -> str | Unlucky | Awaitable[str | Unlucky]:
        """Give digits, or say why not."""
        ...


@dataclass(slots=True, kw_only=True)
class RoutingInfoAnswer:
    """The answer to sendRoutingInfo: exactly one of a number, a name (perhaps with a number), or a forwarding.

    Not frozen because one is made for each call.
    """

    imsi: Imsi | None
    roaming_number: str | None = None
    imrn: str | None = None
    icscf: tuple[Member, ...] = ()
    extension_oid: str = ""
    forward: Forward | None = None
    vmsc_number: str | None = None


@dataclass(slots=True, kw_only=True)
class Standing:
    """What the answer to a request is for as long as `mark` is current.

    It is `fill("")`; or `pool` lends a number to `owner` each time, and `fill` puts it in. When the pool is empty the
    answer is another one.
    """

    mark: Slot[Any]
    fill: Callable[[str], RoutingInfoAnswer | Refusal]
    pool: LentNumbers | None = None
    owner: str = ""


class NumberPools:
    """Lent numbers by prefix, made when they are first asked for."""

    def __init__(self, default_prefix: str, *, lifetime_s: float = LIFETIME_S, first: int = 0) -> None:
        self._default = default_prefix
        self._lifetime_s = lifetime_s
        self._first = first
        self._pools: dict[str, LentNumbers] = {}

    def of(self, prefix: str | None) -> LentNumbers | None:
        """Find or make the pool of a prefix; None: there are too many."""
        wanted = prefix or self._default
        pool = self._pools.get(wanted)
        if pool is None and len(self._pools) < MOST_POOLS:
            pool = self._pools[wanted] = LentNumbers(wanted, lifetime_s=self._lifetime_s, first=self._first)
        return pool

    def lend(self, prefix: str | None, owner: str, *, now: float) -> str | None:
        """Lend a number of a prefix; None: there is none left."""
        pool = self.of(prefix)
        return None if pool is None else pool.lend(owner, now=now)

    def find(self, number: str, *, now: float) -> Loan | None:
        """Find for whom a number stands."""
        for prefix, pool in self._pools.items():
            if number.startswith(prefix) and (loan := pool.find(number, now=now)) is not None:
                return loan
        return None

    def standing(self, *, now: float) -> list[Loan]:
        """List all numbers that are out."""
        return [loan for pool in self._pools.values() for loan in pool.standing(now=now)]


class EmulatedVlr:
    """Gives roaming numbers out of a pool, at once."""

    def __init__(self, pools: NumberPools) -> None:
        self.pools: Final = pools

    def provide(self, request: RoamingNumberRequest, party: CalledParty, *, now: float) -> str | Unlucky:
        """Lend a number of the operator's prefix."""
        pool = self.pool_for(party)
        number = None if pool is None else pool.lend(request.msisdn.digits, now=now)
        return Unlucky.NO_NUMBER if number is None else number

    def pool_for(self, party: CalledParty) -> LentNumbers | None:
        """Find the numbers of the operator's prefix; None: there are none."""
        return self.pools.of(party.operator.msrn_prefix)


# What becomes of the call where a VLR gives no number and nothing is forwarded (TS 29.002 §10.1.3).
REFUSAL_OF: Final[dict[Unlucky, Refusal]] = {
    Unlucky.ABSENT: AbsentSubscriber(why=Absence.DETACHED),
    Unlucky.NO_NUMBER: SystemFailure(where=Failing.VLR),
    Unlucky.NOT_SUPPORTED: FacilityNotSupported(),
    Unlucky.NO_ANSWER: SystemFailure(where=Failing.VLR),
}


def _is_steady(party: CalledParty | None) -> bool:
    """Whether the same request always leads to the same decision."""
    return party is None or party.icscf is None or party.icscf.steady


def _cannot_hold(request: RoutingInfoRequest, party: CalledParty) -> bool:
    """Before version 3 an answer must hold an IMSI."""
    return party.imsi is None and (request.needs_number or not request.understands_names)


def _settled(request: RoutingInfoRequest, party: CalledParty | None, decision: Decision) -> RoutingInfoAnswer | Refusal:
    """Answer where no number has to be found: by a refusal or a forwarding."""
    if isinstance(decision, Refusal):
        return decision
    if party is None or not isinstance(decision, Forward) or _cannot_hold(request, party):
        return SystemFailure()
    return RoutingInfoAnswer(imsi=party.imsi, forward=decision)


def _through_ims(party: CalledParty, route: IcscfRoute, imrn: str) -> RoutingInfoAnswer:
    return RoutingInfoAnswer(
        imsi=party.imsi,
        imrn=imrn or None,
        icscf=route.order if route.by_name else (),
        extension_oid=party.operator.extension_oid,
    )


def _roamed(request: RoutingInfoRequest, party: CalledParty, given: str | Unlucky) -> RoutingInfoAnswer | Refusal:
    if isinstance(given, Unlucky):
        return _settled(request, party, map_routing_info.unreachable(request, party, REFUSAL_OF[given]))
    return RoutingInfoAnswer(imsi=party.imsi, roaming_number=given, vmsc_number=party.msc_number)


class MapService:
    """What the operations of MAP ask of the HSS."""

    def __init__(
        self,
        parties: CalledParties,
        known: ReadModel[str, CalledParty],
        vlr: RoamingNumbers,
        imrns: NumberPools,
        *,
        interrogation_allowed: bool = True,
        seed: int = 0,
    ) -> None:
        self._parties = parties
        self._known = known
        self._vlr = vlr
        self._imrns = imrns
        self._interrogation_allowed = interrogation_allowed
        self._seed = seed
        self._turn = 0

    # sendRoutingInfo.

    def route_call(
        self, request: RoutingInfoRequest, *, now: float
    ) -> RoutingInfoAnswer | Refusal | Awaitable[RoutingInfoAnswer | Refusal]:
        """Answer a Gateway-MSC: at once where the party is known and no VLR has to be asked."""
        found = self._known.find(request.msisdn.digits)
        if found is None:
            return self._load_and_route(request, now)
        return self._route(request, found.value, now)

    def standing(self, request: RoutingInfoRequest) -> Standing | None:
        """Tell what stays of an answer; None: it has to be worked out each time."""
        found = self._known.peek(request.msisdn.digits)
        if found is None or not _is_steady(found.value):
            return None
        party, decision = found.value, self._decide(request, found.value)
        if party is None or isinstance(decision, Refusal | Forward):
            settled = _settled(request, party, decision)
            return Standing(mark=found, fill=lambda _: settled)
        if isinstance(decision, IcscfRoute):
            return self._standing_route(found, request, party, decision)
        pool = self._vlr.pool_for(party) if isinstance(self._vlr, EmulatedVlr) else None
        if pool is None or party.imsi is None or party.vlr_number is None:
            return None
        return Standing(
            mark=found, fill=lambda number: _roamed(request, party, number), pool=pool, owner=request.msisdn.digits
        )

    def _standing_route(
        self, mark: Slot[Any], request: RoutingInfoRequest, party: CalledParty, route: IcscfRoute
    ) -> Standing | None:
        pool = self._imrns.of(party.operator.imrn_prefix) if route.by_number else None
        if _cannot_hold(request, party) or (route.by_number and pool is None):
            return None
        return Standing(
            mark=mark, fill=lambda number: _through_ims(party, route, number), pool=pool, owner=party.msisdn.digits
        )

    def _decide(self, request: RoutingInfoRequest, party: CalledParty | None) -> Decision:
        if not _is_steady(party):
            self._turn += 1
        return map_routing_info.decide(request, party, turn=self._turn, seed=self._seed)

    async def _load_and_route(self, request: RoutingInfoRequest, now: float) -> RoutingInfoAnswer | Refusal:
        answer = self._route(request, await self._load(request.msisdn), now)
        return await answer if isinstance(answer, Awaitable) else answer

    async def _load(self, msisdn: Msisdn) -> CalledParty | None:
        found = self._known.find(msisdn.digits)
        if found is not None:
            return found.value
        ticket = self._known.start(msisdn.digits)
        try:
            party = await self._parties.by_msisdn(msisdn)
        except BaseException:
            self._known.abandon(msisdn.digits, ticket)
            raise
        self._known.fill(msisdn.digits, party, ticket)
        return party

    def _route(
        self, request: RoutingInfoRequest, party: CalledParty | None, now: float
    ) -> RoutingInfoAnswer | Refusal | Awaitable[RoutingInfoAnswer | Refusal]:
        decision = self._decide(request, party)
        if party is None or isinstance(decision, Refusal | Forward):
            return _settled(request, party, decision)
        if isinstance(decision, RoamingNumberWanted):
            return self._roam(request, party, now)
        if _cannot_hold(request, party):
            return SystemFailure()
        if not decision.by_number:
            return _through_ims(party, decision, "")
        imrn = self._imrns.lend(party.operator.imrn_prefix, party.msisdn.digits, now=now)
        return SystemFailure() if imrn is None else _through_ims(party, decision, imrn)

    def _roam(
        self, request: RoutingInfoRequest, party: CalledParty, now: float
    ) -> RoutingInfoAnswer | Refusal | Awaitable[RoutingInfoAnswer | Refusal]:
        if party.imsi is None or party.vlr_number is None:
            return SystemFailure()
        wanted = RoamingNumberRequest(
            imsi=party.imsi, msisdn=party.msisdn, vlr_number=party.vlr_number, msc_number=party.msc_number
        )
        given = self._vlr.provide(wanted, party, now=now)
        if isinstance(given, str):  # digits, or why not
            return _roamed(request, party, given)
        return self._roam_later(request, party, given)

    async def _roam_later(
        self, request: RoutingInfoRequest, party: CalledParty, given: Awaitable[str | Unlucky]
    ) -> RoutingInfoAnswer | Refusal:
        return _roamed(request, party, await given)

    def resolve_imrn(self, number: str, *, now: float) -> Loan | None:
        """Find for whom an IMRN stands."""
        return self._imrns.find(number, now=now)

    def standing_imrns(self, *, now: float) -> list[Loan]:
        """List the IMRNs that are out."""
        return self._imrns.standing(now=now)

    # The other operations.

    def route_short_message(
        self, request: map_location.ShortMessageRequest, *, now: float
    ) -> map_location.ShortMessageRoute | Refusal | Awaitable[map_location.ShortMessageRoute | Refusal]:
        """Answer an SMS gateway."""
        del now
        return self._with(request.msisdn, lambda party: map_location.route_short_message(request, party))

    def identify(self, request: map_location.ImsiRequest, *, now: float) -> Imsi | Refusal | Awaitable[Imsi | Refusal]:
        """Answer who has a number."""
        del now
        return self._with(request.msisdn, map_location.identify)

    def interrogate(
        self, request: map_location.InterrogationRequest, *, now: float
    ) -> map_location.SubscriberState | Refusal | Awaitable[map_location.SubscriberState | Refusal]:
        """Answer a gsmSCF."""
        del now

        def decide(party: CalledParty | None) -> map_location.SubscriberState | Refusal:
            return map_location.interrogate(request, party, allowed=self._interrogation_allowed)

        if request.msisdn is not None:
            return self._with(request.msisdn, decide)
        return decide(None) if request.imsi is None else self._interrogate_by_imsi(request.imsi, decide)

    async def _interrogate_by_imsi(
        self, imsi: Imsi, decide: Callable[[CalledParty | None], map_location.SubscriberState | Refusal]
    ) -> map_location.SubscriberState | Refusal:
        return decide(await self._parties.by_imsi(imsi))

    def _with(self, msisdn: Msisdn, decide: Callable[[CalledParty | None], A]) -> A | Awaitable[A]:
        found = self._known.find(msisdn.digits)
        if found is None:
            return self._load_and(msisdn, decide)
        return decide(found.value)

    async def _load_and(self, msisdn: Msisdn, decide: Callable[[CalledParty | None], A]) -> A:
        return decide(await self._load(msisdn))
