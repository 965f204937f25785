"""The operations that the HSS serves: one row each, with reader, service and writer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

from hss.procedures.map_location import (
    ImsiRequest,
    InterrogationRequest,
    ReachState,
    ShortMessageRequest,
    ShortMessageRoute,
    SubscriberState,
)
from hss.procedures.map_refusals import OptimalRoutingNotAllowed, Refusal, UnexpectedData
from hss.procedures.map_routing_info import MOST_SHORT_NUMBER, Forward, RoutingInfoRequest
from hss.services.map import RoutingInfoAnswer, Standing
from hss.sigtran import ber
from hss.sigtran.map.asn1 import content_of, members_of
from hss.sigtran.map.call_handling import (
    CAMEL_INFO,
    ROUTING_INFO_ARG,
    ROUTING_INFO_ARG_OLD,
    ForwardingData,
    SendRoutingInfoRes,
    write_routing_info_res,
)
from hss.sigtran.map.extension import SIP_PORT, IcscfRoutingInfo, PrivateExtension
from hss.sigtran.map.location import (
    ANY_TIME_INTERROGATION_ARG,
    ANY_TIME_INTERROGATION_RES,
    ROUTING_INFO_FOR_SM_ARG,
    ROUTING_INFO_FOR_SM_RES,
    AnyTimeInterrogationRes,
    LocationInformation,
    LocationWithLmsi,
    RoutingInfoForSmRes,
    SubscriberInfo,
    read_send_imsi_arg,
    write_send_imsi_res,
)
from hss.sigtran.map.numbers import E164, INTERNATIONAL, Address, read_address, read_tbcd
from routing.selection import Member
from schemas.identities import MOST_DIGITS, Imsi, Msisdn
from schemas.numbers.map import Context, InterrogationType, NotReachableReason, Operation
from schemas.states import ForwardingCondition


class Served(Protocol):
    """What the dispatcher asks of the services."""

    def route_call(self, request: RoutingInfoRequest, *, now: float) -> object:
        """Serve sendRoutingInfo."""
        ...

    def standing(self, request: RoutingInfoRequest) -> Standing | None:
        """Tell what stays of an answer to sendRoutingInfo."""
        ...

    def route_short_message(self, request: ShortMessageRequest, *, now: float) -> object:
        """Serve sendRoutingInfoForSM."""
        ...

    def interrogate(self, request: InterrogationRequest, *, now: float) -> object:
        """Serve anyTimeInterrogation."""
        ...

    def identify(self, request: ImsiRequest, *, now: float) -> object:
        """Serve sendIMSI."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One operation: its context, and what happens to its argument.

    `read` gives the request or a refusal, and raises `DecodeError` where the parameter is mistyped; `serve` gives the
    answer, a refusal, or an awaitable of either; `write` gives the octets of the result's parameter.

    An operation whose answers may be remembered has two more: `essence` cuts a parameter down to all that `read` looks
    at (or raises `DecodeError`), and `standing` tells what stays of the answer to a request (None: nothing does).
    `read_private` is the reader for peers that take private extensions in version 2.
    """

    context: Context
    read: Callable[[bytes, int], Any]
    serve: Callable[..., Any | Awaitable[Any]]
    write: Callable[[Any, int], bytes]
    essence: Callable[[bytes, int], bytes] | None = None
    standing: Callable[[Any], Standing | None] | None = None
    read_private: Callable[[bytes, int], Any] | None = None


def operations(service: Served) -> Mapping[int, Entry]:
    """Join the operations to what serves them."""
    return {
        Operation.SEND_ROUTING_INFO: Entry(
            context=Context.LOCATION_INFO_RETRIEVAL,
            read=read_routing_info,
            serve=service.route_call,
            write=write_routing_info,
            essence=essence_of_routing_info,
            standing=service.standing,
            read_private=read_routing_info_private,
        ),
        Operation.SEND_ROUTING_INFO_FOR_SM: Entry(
            context=Context.SHORT_MSG_GATEWAY,
            read=read_short_message,
            serve=service.route_short_message,
            write=write_short_message,
        ),
        Operation.ANY_TIME_INTERROGATION: Entry(
            context=Context.ANY_TIME_INFO_ENQUIRY,
            read=read_interrogation,
            serve=service.interrogate,
            write=write_interrogation,
        ),
        Operation.SEND_IMSI: Entry(
            context=Context.IMSI_RETRIEVAL,
            read=read_identification,
            serve=service.identify,
            write=write_identification,
        ),
    }


def subscriber_number(address: Address) -> Msisdn | None:
    """Take an address as the number of a subscriber: international E.164, digits only; None where it is none."""
    digits = address.digits
    if address.plan != E164 or address.nature not in {0, INTERNATIONAL}:
        return None
    return Msisdn(digits) if digits.isdecimal() and len(digits) <= MOST_DIGITS else None


# sendRoutingInfo

# Tags of SendRoutingInfoArg that the decision depends on. What is read of an argument is read of these alone.
MSISDN: Final = 0x80
INTERROGATION_TYPE: Final = 0x83
OR_INTERROGATION: Final = 0x84
FORWARDING_REASON: Final = 0x88
CAMEL: Final = 0xAB
LONG_FTN: Final = 0x95
SUPPRESS_BARRING: Final = 0x97
DECISIVE: Final = frozenset(
    {MSISDN, INTERROGATION_TYPE, OR_INTERROGATION, FORWARDING_REASON, CAMEL, LONG_FTN, SUPPRESS_BARRING}
)
DECISIVE_OLD: Final = frozenset({MSISDN})

BASIC_CALL: Final = bytes((InterrogationType.BASIC_CALL,))
INTERROGATION_TYPES: Final = frozenset(bytes((kind,)) for kind in InterrogationType)
CONDITION_OF: Final[Mapping[int, ForwardingCondition]] = {  # ForwardingReason
    0: ForwardingCondition.NOT_REACHABLE,
    1: ForwardingCondition.BUSY,
    2: ForwardingCondition.NO_REPLY,
}
OPTIONS_OF: Final[Mapping[ForwardingCondition, bytes]] = {  # bits 4 and 3 of ForwardingOptions
    ForwardingCondition.NOT_REACHABLE: b"\x00",
    ForwardingCondition.BUSY: b"\x04",
    ForwardingCondition.NO_REPLY: b"\x08",
    ForwardingCondition.UNCONDITIONAL: b"\x0c",
}


def essence_of_routing_info(parameter: bytes, version: int) -> bytes:
    """Cut an argument down to the members that the decision depends on."""
    content = content_of(parameter, 0x30)
    return (
        ROUTING_INFO_ARG.cut_down(content, DECISIVE)
        if version >= 3
        else ROUTING_INFO_ARG_OLD.cut_down(content, DECISIVE_OLD)
    )


def read_routing_info(parameter: bytes, version: int) -> RoutingInfoRequest | Refusal:
    """Read what a Gateway-MSC asks."""
    found = members_of(essence_of_routing_info(parameter, version))
    msisdn = _subscriber(found[MSISDN])
    if msisdn is None:
        return UnexpectedData()
    if version < 3:
        return RoutingInfoRequest(msisdn=msisdn, understands_names=False, needs_number=True)
    kind = found[INTERROGATION_TYPE]
    if kind not in INTERROGATION_TYPES:
        return UnexpectedData()
    return OptimalRoutingNotAllowed() if OR_INTERROGATION in found else _read_more(msisdn, kind, found)


def read_routing_info_private(parameter: bytes, version: int) -> RoutingInfoRequest | Refusal:
    """Read what a Gateway-MSC asks that understands names in version 2, too."""
    request = read_routing_info(parameter, version)
    if isinstance(request, RoutingInfoRequest):
        request.understands_names |= version == 2
    return request


def _subscriber(octets: bytes) -> Msisdn | None:
    if octets[:1] == b"\x91" and 1 < len(octets) <= 9:
        digits = read_tbcd(octets[1:])
        return Msisdn(digits) if digits.isdecimal() and len(digits) <= MOST_DIGITS else None
    return subscriber_number(read_address(octets))


def _read_more(msisdn: Msisdn, kind: bytes, found: Mapping[int, bytes]) -> RoutingInfoRequest | Refusal:
    condition, asks_forwarding = None, kind != BASIC_CALL
    reason = found.get(FORWARDING_REASON)
    if asks_forwarding and reason is not None:
        condition = CONDITION_OF.get(int.from_bytes(reason, "big"))
        if condition is None:
            return UnexpectedData()
    camel = found.get(CAMEL)
    suppresses = camel is not None and CAMEL_INFO.read(camel).suppress_t_csi
    return RoutingInfoRequest(
        msisdn=msisdn,
        forwarding=condition,
        circuit_switched_leg=asks_forwarding or suppresses,
        suppresses_barring=SUPPRESS_BARRING in found,
        takes_long_numbers=LONG_FTN in found,
    )


def write_routing_info(answer: RoutingInfoAnswer, version: int) -> bytes:
    """Write the answer in the form of a version."""
    number = answer.roaming_number or answer.imrn
    result = SendRoutingInfoRes(
        imsi=None if answer.imsi is None else answer.imsi.digits,
        roaming_number=None if number is None else Address(number),
        forwarding_data=None if answer.forward is None else _forwarding_data(answer.forward),
        vmsc_address=None if answer.vmsc_number is None else Address(answer.vmsc_number),
        extensions=_extensions(answer.icscf, answer.extension_oid) if answer.icscf else None,
    )
    return write_routing_info_res(result, version)


@lru_cache(maxsize=4096)
def _extensions(icscfs: tuple[Member, ...], oid: str) -> tuple[PrivateExtension, ...]:
    """Write the extension that names I-CSCFs; the lists of a pool come again and again."""
    first, *others = icscfs
    info = IcscfRoutingInfo(
        name=first.host,
        port=None if first.port == SIP_PORT else first.port,
        alternatives=tuple(other.host for other in others),
    )
    return (PrivateExtension(oid=ber.write_oid(oid), body=info.encode()),)


def _forwarding_data(forward: Forward) -> ForwardingData:
    number = Address(forward.number)
    options = OPTIONS_OF[forward.condition]
    if len(forward.number) > MOST_SHORT_NUMBER:
        return ForwardingData(long_number=number, options=options)
    return ForwardingData(number=number, options=options)


# sendRoutingInfoForSM


def read_short_message(parameter: bytes, version: int) -> ShortMessageRequest | Refusal:
    """Read what an SMS gateway asks."""
    del version
    argument = ROUTING_INFO_FOR_SM_ARG.read(content_of(parameter, 0x30))
    msisdn = subscriber_number(argument.msisdn)
    if msisdn is None:
        return UnexpectedData()
    return ShortMessageRequest(
        msisdn=msisdn, service_centre=argument.service_centre.digits, priority=bool(argument.priority)
    )


def write_short_message(answer: ShortMessageRoute, version: int) -> bytes:
    """Write IMSI and node number; the same octets in all versions."""
    del version
    location = LocationWithLmsi(node_number=Address(answer.node_number))
    return ber.write(
        0x30, ROUTING_INFO_FOR_SM_RES.write(RoutingInfoForSmRes(imsi=answer.imsi.digits, location=location))
    )


# anyTimeInterrogation


def read_interrogation(parameter: bytes, version: int) -> InterrogationRequest | Refusal:
    """Read what a gsmSCF asks."""
    del version
    argument = ANY_TIME_INTERROGATION_ARG.read(content_of(parameter, 0x30))
    kind, value = argument.subscriber
    msisdn = subscriber_number(value) if kind == "msisdn" else None
    if kind == "msisdn" and msisdn is None:
        return UnexpectedData()
    return InterrogationRequest(
        msisdn=msisdn,
        imsi=Imsi(value) if kind == "imsi" else None,
        wants_location=argument.requested.location,
        wants_state=argument.requested.state,
    )


STATE_OF: Final[Mapping[ReachState, tuple[str, int]]] = {
    ReachState.IDLE: ("idle", True),
    ReachState.DETACHED: ("not_reachable", NotReachableReason.IMSI_DETACHED),
}


def write_interrogation(answer: SubscriberState, version: int) -> bytes:
    """Write location and state, as far as they were asked for and are known."""
    del version
    location = None
    if answer.vlr_number is not None or answer.msc_number is not None:
        location = LocationInformation(
            age_minutes=0,
            vlr_number=None if answer.vlr_number is None else Address(answer.vlr_number),
            msc_number=None if answer.msc_number is None else Address(answer.msc_number),
        )
    info = SubscriberInfo(location=location, state=None if answer.state is None else STATE_OF[answer.state])
    return ber.write(0x30, ANY_TIME_INTERROGATION_RES.write(AnyTimeInterrogationRes(info=info)))


# sendIMSI


def read_identification(parameter: bytes, version: int) -> ImsiRequest | Refusal:
    """Read the number whose IMSI is wanted."""
    del version
    msisdn = subscriber_number(read_send_imsi_arg(parameter))
    return UnexpectedData() if msisdn is None else ImsiRequest(msisdn=msisdn)


def write_identification(answer: Imsi, version: int) -> bytes:
    """Write the IMSI."""
    del version
    return write_send_imsi_res(answer.digits)
