"""sendRoutingInfoForSM, anyTimeInterrogation, sendIMSI: argument and result. Source: TS 29.002 §17.7."""

from dataclasses import dataclass
from typing import Any, Final

from hss.sigtran import ber
from hss.sigtran.map.asn1 import ADDRESS, BOOLEAN, IMSI, INTEGER, NULL, OCTETS, Member, Sequence, content_of, explicit
from hss.sigtran.map.numbers import Address


@dataclass(slots=True, kw_only=True)
class RoutingInfoForSmArg:
    """RoutingInfoForSM-Arg (MAP-SM-DataTypes)."""

    msisdn: Address
    priority: bool | None = None
    service_centre: Address
    extension_container: bytes | None = None
    gprs_support: bool = False
    imsi: str | None = None


ROUTING_INFO_FOR_SM_ARG: Final = Sequence(
    RoutingInfoForSmArg,
    Member("msisdn", 0x80, ADDRESS, mandatory=True),
    Member("priority", 0x81, BOOLEAN),
    Member("service_centre", 0x82, ADDRESS, mandatory=True),
    Member("extension_container", 0xA6, OCTETS),
    Member("gprs_support", 0x87, NULL),
    Member("imsi", 0x8C, IMSI),
)


@dataclass(slots=True, kw_only=True)
class LocationWithLmsi:
    """LocationInfoWithLMSI."""

    node_number: Address
    lmsi: bytes | None = None


LOCATION_WITH_LMSI: Final = Sequence(
    LocationWithLmsi, Member("node_number", 0x81, ADDRESS, mandatory=True), Member("lmsi", 0x04, OCTETS)
)


@dataclass(slots=True, kw_only=True)
class RoutingInfoForSmRes:
    """RoutingInfoForSM-Res."""

    imsi: str
    location: LocationWithLmsi


ROUTING_INFO_FOR_SM_RES: Final = Sequence(
    RoutingInfoForSmRes,
    Member("imsi", 0x04, IMSI, mandatory=True),
    Member("location", 0xA0, LOCATION_WITH_LMSI.kind, mandatory=True),
)


@dataclass(slots=True, kw_only=True)
class RequestedInfo:
    """RequestedInfo (MAP-MS-DataTypes)."""

    location: bool = False
    state: bool = False
    current_location: bool = False


REQUESTED_INFO: Final = Sequence(
    RequestedInfo, Member("location", 0x80, NULL), Member("state", 0x81, NULL), Member("current_location", 0x83, NULL)
)


@dataclass(slots=True, kw_only=True)
class AnyTimeInterrogationArg:
    """AnyTimeInterrogationArg; `subscriber` is ("imsi", digits) or ("msisdn", Address)."""

    subscriber: tuple[str, Any]
    requested: RequestedInfo
    gsm_scf_address: Address
    extension_container: bytes | None = None


ANY_TIME_INTERROGATION_ARG: Final = Sequence(
    AnyTimeInterrogationArg,
    Member(
        "subscriber",
        0xA0,
        explicit(Member("imsi", 0x80, IMSI), Member("msisdn", 0x81, ADDRESS)),
        mandatory=True,
    ),
    Member("requested", 0xA1, REQUESTED_INFO.kind, mandatory=True),
    Member("gsm_scf_address", 0x83, ADDRESS, mandatory=True),
    Member("extension_container", 0xA2, OCTETS),
)


@dataclass(slots=True, kw_only=True)
class LocationInformation:
    """The members of LocationInformation that an HLR knows."""

    age_minutes: int | None = None
    vlr_number: Address | None = None
    msc_number: Address | None = None


LOCATION_INFORMATION: Final = Sequence(
    LocationInformation,
    Member("age_minutes", 0x02, INTEGER),
    Member("vlr_number", 0x81, ADDRESS),
    Member("msc_number", 0x86, ADDRESS),
)


@dataclass(slots=True, kw_only=True)
class SubscriberInfo:
    """SubscriberInfo; `state` is ("idle", True), ("busy", True), ("not_reachable", reason) or ("unknown", True)."""

    location: LocationInformation | None = None
    state: tuple[str, Any] | None = None


SUBSCRIBER_INFO: Final = Sequence(
    SubscriberInfo,
    Member("location", 0xA0, LOCATION_INFORMATION.kind),
    Member(
        "state",
        0xA1,
        explicit(
            Member("idle", 0x80, NULL),
            Member("busy", 0x81, NULL),
            Member("not_reachable", 0x0A, INTEGER),
            Member("unknown", 0x82, NULL),
        ),
    ),
)


@dataclass(slots=True, kw_only=True)
class AnyTimeInterrogationRes:
    """AnyTimeInterrogationRes."""

    info: SubscriberInfo


ANY_TIME_INTERROGATION_RES: Final = Sequence(
    AnyTimeInterrogationRes, Member("info", 0x30, SUBSCRIBER_INFO.kind, mandatory=True)
)


def read_send_imsi_arg(parameter: bytes) -> Address:
    """Read the argument of sendIMSI: a bare number."""
    return ADDRESS.read(content_of(parameter, 0x04))  # type: ignore[no-any-return]


def write_send_imsi_res(imsi: str) -> bytes:
    """Write the result of sendIMSI: a bare IMSI."""
    return ber.write(0x04, IMSI.write(imsi))
