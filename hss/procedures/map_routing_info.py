"""Where a call to a mobile number goes: the decision behind sendRoutingInfo. Source: TS 29.002 §10.1, TS 23.018.

The order of the steps is a choice of this project within that: barring, what the Gateway-MSC asks for, unconditional
forwarding, IMS or circuit-switched domain by the subscriber's preference, forwarding or voicebox, absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hss.procedures.map_refusals import (
    AbsentSubscriber,
    BusySubscriber,
    CallBarred,
    ForwardingViolation,
    NoSubscriberReply,
    Refusal,
    SystemFailure,
    UnknownSubscriber,
)
from routing.selection import Member, Policy, rank
from schemas.identities import Imsi, Msisdn
from schemas.numbers.map import DEFAULT_EXTENSION
from schemas.states import (
    ForwardingCondition,
    IcscfAnswer,
    IncomingBarring,
    OperatorType,
    TerminatingPreference,
)

MOST_SHORT_NUMBER: Final = 16  # digits of an ISDN-AddressString; longer ones need longFTN-Supported


class Domain(StrEnum):
    """Where the subscriber can be reached."""

    IMS = "ims"
    CIRCUIT_SWITCHED = "circuit-switched"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorFacts:
    """What the decision needs to know of the operator. A prefix is digits without a plus sign; None: no numbers."""

    name: str = ""
    kind: OperatorType = OperatorType.MOBILE
    answers_routing_info: bool = True
    icscf_answer: IcscfAnswer = IcscfAnswer.IMRN_AND_NAME
    extension_oid: str = DEFAULT_EXTENSION
    imrn_prefix: str | None = None
    msrn_prefix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallForwarding:
    """One forwarding service of a subscriber; an inactive one is the same as none."""

    condition: ForwardingCondition
    number: str  # digits, international
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class IcscfChoice:
    """The I-CSCF entry of a profile: a pool, or one member with the static policy."""

    members: tuple[Member, ...]
    policy: Policy = Policy.RENDEZVOUS
    pool: str = ""

    @property
    def steady(self) -> bool:
        """Whether the same number leads to the same order every time."""
        return self.policy is Policy.RENDEZVOUS or self.policy is Policy.STATIC

    @classmethod
    def static(cls, host: str, port: int = 5060) -> "IcscfChoice":
        """Make the choice of just one."""
        return cls(members=(Member(host=host, port=port),), policy=Policy.STATIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledParty:
    """What is known of the called subscriber."""

    msisdn: Msisdn
    imsi: Imsi | None = None
    operator: OperatorFacts = OperatorFacts()
    vlr_number: str | None = None  # digits; there is one while registered in the circuit-switched domain
    msc_number: str | None = None
    reachable_in_ims: bool = False  # registered, or with services for the unregistered state
    preference: TerminatingPreference = TerminatingPreference.CS_FIRST
    icscf: IcscfChoice | None = None
    voicebox: str | None = None
    forwardings: tuple[CallForwarding, ...] = ()
    barring: IncomingBarring = IncomingBarring.NONE

    def forwarding(self, condition: ForwardingCondition) -> str | None:
        """Find the number to forward to under a condition; None: not active."""
        for service in self.forwardings:
            if service.condition is condition and service.active:
                return service.number
        return None


@dataclass(slots=True, kw_only=True)
class RoutingInfoRequest:
    """What a Gateway-MSC asks, as far as the decision depends on it. Not frozen because one is made for each call.

    `forwarding` is the condition that a forwarding interrogation names. `circuit_switched_leg`: suppress-T-CSI, or a
    forwarding interrogation that names none, so the call must not come back into IMS. `understands_names`: the answer
    can hold the name of an I-CSCF (MAP version 3). `needs_number`: it must hold a number beside the name (version 2).
    """

    msisdn: Msisdn
    forwarding: ForwardingCondition | None = None
    circuit_switched_leg: bool = False
    suppresses_barring: bool = False
    takes_long_numbers: bool = False
    understands_names: bool = True
    needs_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoamingNumberWanted:
    """The call goes to the circuit-switched domain: the VLR has to give a number."""


ROAM: Final = RoamingNumberWanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class IcscfRoute:
    """The call goes to an I-CSCF, best first; `by_number` and `by_name` say how the answer names it."""

    order: tuple[Member, ...]
    by_number: bool
    by_name: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """The call goes to another number. `to_voicebox`: it is the voicebox, and no forwarding service."""

    number: str
    condition: ForwardingCondition
    to_voicebox: bool = False


Decision = RoamingNumberWanted | IcscfRoute | Forward | Refusal

# What is answered where a forwarding interrogation names a service that is not active (TS 29.002 §10.1.3).
NOT_ACTIVE: Final[dict[ForwardingCondition, Refusal]] = {
    ForwardingCondition.NOT_REACHABLE: AbsentSubscriber(),
    ForwardingCondition.BUSY: BusySubscriber(),
    ForwardingCondition.NO_REPLY: NoSubscriberReply(),
}


NOBODY_DOWN: Final[Mapping[str, str]] = {}


def decide(
    request: RoutingInfoRequest,
    party: CalledParty | None,
    *,
    turn: int = 0,
    seed: int = 0,
    down: Mapping[str, str] = NOBODY_DOWN,
) -> Decision:
    """Choose the way of a call; `turn` and `seed` feed those policies of I-CSCF choice that want them.

    `down` maps hosts (lower case) that cannot be chosen to the reason.
    """
    if party is None or not party.operator.answers_routing_info:
        return UnknownSubscriber()
    if _is_barred(request, party.barring):
        return CallBarred(by=party.barring)
    if request.forwarding is not None:
        return _asked_forwarding(request, request.forwarding, party)
    unconditional = party.forwarding(ForwardingCondition.UNCONDITIONAL)
    if unconditional is not None and not request.circuit_switched_leg:
        return _forward(unconditional, ForwardingCondition.UNCONDITIONAL, request)
    return _by_domain(request, party, turn, seed, down)


def _is_barred(request: RoutingInfoRequest, barring: IncomingBarring) -> bool:
    """Operator barring stands always, that of a service unless the Gateway-MSC suppresses it."""
    return barring is IncomingBarring.OPERATOR or (
        barring is IncomingBarring.SERVICE and not request.suppresses_barring
    )


def _by_domain(
    request: RoutingInfoRequest, party: CalledParty, turn: int, seed: int, down: Mapping[str, str]
) -> Decision:
    for domain in _domains(request, party):
        if domain is Domain.CIRCUIT_SWITCHED:
            return ROAM
        choice = party.icscf
        if choice is not None:
            ranking = rank(choice.members, choice.policy, party.msisdn.digits, turn=turn, seed=seed, down=down)
            if ranking.order:
                return _through_ims(request, party, ranking.order)
    return unreachable(request, party)


def _domains(request: RoutingInfoRequest, party: CalledParty) -> tuple[Domain, ...]:
    """Where the subscriber can be reached, in the order of the preference."""
    served = party.vlr_number is not None
    if request.circuit_switched_leg:
        return (Domain.CIRCUIT_SWITCHED,) if served else ()
    ims = (Domain.IMS,) if party.reachable_in_ims else ()
    if party.preference is TerminatingPreference.IMS_ONLY:
        return ims
    circuit_switched = (Domain.CIRCUIT_SWITCHED,) if served else ()
    if party.preference is TerminatingPreference.IMS_FIRST:
        return ims + circuit_switched
    return circuit_switched + ims


def _through_ims(request: RoutingInfoRequest, party: CalledParty, order: tuple[Member, ...]) -> IcscfRoute:
    answer = party.operator.icscf_answer
    if not request.understands_names:
        return IcscfRoute(order=order, by_number=True, by_name=False)
    by_number = request.needs_number or answer is not IcscfAnswer.NAME
    return IcscfRoute(order=order, by_number=by_number, by_name=answer is not IcscfAnswer.IMRN)


def _asked_forwarding(request: RoutingInfoRequest, condition: ForwardingCondition, party: CalledParty) -> Decision:
    number = party.forwarding(condition)
    if number is None and condition is ForwardingCondition.NOT_REACHABLE:
        return unreachable(request, party, NOT_ACTIVE[condition])
    return NOT_ACTIVE[condition] if number is None else _forward(number, condition, request)


def unreachable(request: RoutingInfoRequest, party: CalledParty, refusal: Refusal | None = None) -> Decision:
    """Forward a call that reaches nobody, or refuse it (`refusal`, else absent)."""
    number = party.forwarding(ForwardingCondition.NOT_REACHABLE)
    if number is not None:
        return _forward(number, ForwardingCondition.NOT_REACHABLE, request)
    if party.voicebox is not None:
        return _forward(party.voicebox, ForwardingCondition.NOT_REACHABLE, request, to_voicebox=True)
    if refusal is not None:
        return refusal
    lost = Domain.IMS in _domains(request, party)  # reachable, but no I-CSCF is left to name
    return SystemFailure() if lost else AbsentSubscriber()


def _forward(
    number: str, condition: ForwardingCondition, request: RoutingInfoRequest, *, to_voicebox: bool = False
) -> Decision:
    if len(number) > MOST_SHORT_NUMBER and not request.takes_long_numbers:
        return ForwardingViolation()
    return Forward(number=number, condition=condition, to_voicebox=to_voicebox)


class Unlucky(StrEnum):
    """Why a VLR gave no roaming number."""

    ABSENT = "absent"
    NO_NUMBER = "no-number"
    NOT_SUPPORTED = "not-supported"
    NO_ANSWER = "no-answer"
