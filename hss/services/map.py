"""Serves MAP: finds the called party, lets the procedure decide, lends numbers. Knows no wire."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

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
from hss.services.read_model import ReadModel
from routing.selection import Member
from schemas.identities import Imsi, Msisdn

DEFAULT_MSRN_PREFIX: Final = "49171010"
DEFAULT_IMRN_PREFIX: Final = "49179900"
MOST_POOLS: Final = 1000
MOST_DECISIONS: Final = 20_000

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


class NumberPools:
    """Lent numbers by prefix, made when they are first asked for."""

    def __init__(self, default_prefix: str, *, lifetime_s: float = LIFETIME_S, first: int = 0) -> None:
        self._default = default_prefix
        self._lifetime_s = lifetime_s
        self._first = first
        self._pools: dict[str, LentNumbers] = {}

    def lend(self, prefix: str | None, owner: str, *, now: float) -> str | None:
        """Lend a number of a prefix; None: there is none left."""
        wanted = prefix or self._default
        pool = self._pools.get(wanted)
        if pool is None:
            if len(self._pools) >= MOST_POOLS:
                return None
            pool = self._pools[wanted] = LentNumbers(wanted, lifetime_s=self._lifetime_s, first=self._first)
        return pool.lend(owner, now=now)

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
        number = self.pools.lend(party.operator.msrn_prefix, request.msisdn.digits, now=now)
        return Unlucky.NO_NUMBER if number is None else number


# What becomes of the call where a VLR gives no number and nothing is forwarded (TS 29.002 §10.1.3).
REFUSAL_OF: Final[dict[Unlucky, Refusal]] = {
    Unlucky.ABSENT: AbsentSubscriber(why=Absence.DETACHED),
    Unlucky.NO_NUMBER: SystemFailure(where=Failing.VLR),
    Unlucky.NOT_SUPPORTED: FacilityNotSupported(),
    Unlucky.NO_ANSWER: SystemFailure(where=Failing.VLR),
}


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
        self._decided: dict[str, tuple[CalledParty, RoutingInfoRequest, Decision]] = {}

    # sendRoutingInfo.

    def route_call(
        self, request: RoutingInfoRequest, *, now: float
    ) -> RoutingInfoAnswer | Refusal | Awaitable[RoutingInfoAnswer | Refusal]:
        """Answer a Gateway-MSC: at once where the party is known and no VLR has to be asked."""
        found = self._known.find(request.msisdn.digits)
        if found is None:
            return self._load_and_route(request, now)
        return self._route(request, found.value, now)

    def _decide(self, request: RoutingInfoRequest, party: CalledParty | None) -> Decision:
        """Decide, or remember what was decided for the same party and kind of request."""
        if party is None or party.icscf is None or not party.icscf.steady:
            self._turn += 1
            return map_routing_info.decide(request, party, turn=self._turn, seed=self._seed)
        kept = self._decided.get(party.msisdn.digits)
        if kept is not None and kept[0] is party and kept[1] == request:
            return kept[2]
        decision = map_routing_info.decide(request, party, seed=self._seed)
        if len(self._decided) >= MOST_DECISIONS:
            self._decided.clear()
        self._decided[party.msisdn.digits] = party, request, decision
        return decision

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
        if party is None or isinstance(decision, Refusal):
            return decision if isinstance(decision, Refusal) else SystemFailure()
        if isinstance(decision, RoamingNumberWanted):
            return self._roam(request, party, now)
        return self._answer(request, party, decision, now)

    def _answer(
        self, request: RoutingInfoRequest, party: CalledParty, decision: Decision, now: float
    ) -> RoutingInfoAnswer | Refusal:
        if isinstance(decision, Refusal):
            return decision
        if party.imsi is None and not request.understands_names:
            return SystemFailure()  # before version 3 the answer must hold an IMSI
        if isinstance(decision, Forward):
            return RoutingInfoAnswer(imsi=party.imsi, forward=decision)
        if isinstance(decision, IcscfRoute):
            return self._through_ims(party, decision, now)
        return SystemFailure()

    def _through_ims(self, party: CalledParty, route: IcscfRoute, now: float) -> RoutingInfoAnswer | Refusal:
        imrn = None
        if route.by_number:
            imrn = self._imrns.lend(party.operator.imrn_prefix, party.msisdn.digits, now=now)
            if imrn is None:
                return SystemFailure()
        return RoutingInfoAnswer(
            imsi=party.imsi,
            imrn=imrn,
            icscf=route.order if route.by_name else (),
            extension_oid=party.operator.extension_oid,
        )

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
            return self._roamed(request, party, given, now)
        return self._roam_later(request, party, given, now)

    async def _roam_later(
        self, request: RoutingInfoRequest, party: CalledParty, given: Awaitable[str | Unlucky], now: float
    ) -> RoutingInfoAnswer | Refusal:
        return self._roamed(request, party, await given, now)

    def _roamed(
        self, request: RoutingInfoRequest, party: CalledParty, given: str | Unlucky, now: float
    ) -> RoutingInfoAnswer | Refusal:
        if isinstance(given, Unlucky):
            decision = map_routing_info.unreachable(request, party, REFUSAL_OF[given])
            return self._answer(request, party, decision, now)
        return RoutingInfoAnswer(imsi=party.imsi, roaming_number=given, vmsc_number=party.msc_number)

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
