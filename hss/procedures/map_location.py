"""Where a mobile subscriber is: short messages, any time interrogation, IMSI retrieval. Source: TS 29.002."""

from dataclasses import dataclass
from enum import StrEnum

from hss.procedures.map_refusals import (
    AbsentForShortMessage,
    CallBarred,
    DataMissing,
    InterrogationNotAllowed,
    Refusal,
    UnknownSubscriber,
)
from hss.procedures.map_routing_info import CalledParty
from schemas.identities import Imsi, Msisdn
from schemas.states import IncomingBarring


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortMessageRequest:
    """What an SMS gateway asks; `priority`: try even where the subscriber is known to be absent."""

    msisdn: Msisdn
    service_centre: str = ""
    priority: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortMessageRoute:
    """The node that delivers a short message."""

    imsi: Imsi
    node_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InterrogationRequest:
    """What a gsmSCF asks about a subscriber, who is named by number or by IMSI."""

    msisdn: Msisdn | None = None
    imsi: Imsi | None = None
    wants_location: bool = False
    wants_state: bool = False


class ReachState(StrEnum):
    """State of a subscriber in the circuit-switched domain."""

    IDLE = "idle"
    DETACHED = "detached"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberState:
    """What an interrogation finds; a part that was not asked for is None."""

    vlr_number: str | None = None
    msc_number: str | None = None
    state: ReachState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImsiRequest:
    """A question for the IMSI of a number."""

    msisdn: Msisdn


def route_short_message(request: ShortMessageRequest, party: CalledParty | None) -> ShortMessageRoute | Refusal:
    """Name the node that delivers a short message (TS 29.002 §12.1)."""
    if party is None or party.imsi is None or not party.operator.answers_routing_info:
        return UnknownSubscriber()
    if party.barring is not IncomingBarring.NONE and not request.priority:
        return CallBarred(by=party.barring)
    node = party.msc_number or party.vlr_number
    if node is None:
        return AbsentForShortMessage()
    return ShortMessageRoute(imsi=party.imsi, node_number=node)


def interrogate(
    request: InterrogationRequest, party: CalledParty | None, *, allowed: bool = True
) -> SubscriberState | Refusal:
    """Tell where a subscriber is, from what the VLR said last (TS 29.002 §8.11.1)."""
    if not allowed:
        return InterrogationNotAllowed()
    if request.msisdn is None and request.imsi is None:
        return DataMissing()
    if party is None:
        return UnknownSubscriber()
    reach = ReachState.DETACHED if party.vlr_number is None else ReachState.IDLE
    return SubscriberState(
        vlr_number=party.vlr_number if request.wants_location else None,
        msc_number=party.msc_number if request.wants_location else None,
        state=reach if request.wants_state else None,
    )


def identify(party: CalledParty | None) -> Imsi | Refusal:
    """Tell the IMSI of a number (TS 29.002 §8.9.1)."""
    if party is None or party.imsi is None:
        return UnknownSubscriber()
    return party.imsi
