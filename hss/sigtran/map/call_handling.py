"""sendRoutingInfo and provideRoamingNumber: argument and result. Source: TS 29.002, module MAP-CH-DataTypes.

Values have all members of the specification. Those that nothing here looks into are kept as the octets of their
content. They are not frozen, because one is made for each message and thirty members would cost four microseconds.
"""

from dataclasses import dataclass
from typing import Final

from hss.sigtran import ber
from hss.sigtran.map.asn1 import ADDRESS, IMSI, INTEGER, NULL, OCTETS, Kind, Member, Sequence, content_of
from hss.sigtran.map.extension import PrivateExtension, read_container, write_container, write_extension
from hss.sigtran.map.numbers import Address
from schemas.octets import DecodeError

PRIVATE: Final = 0xE0  # TS 29.002 §17.1.4: tag of a private extension of version 2, after the extension marker
EXTENSIONS: Final = Kind(read_container, write_container)


@dataclass(slots=True, kw_only=True)
class CamelInfo:
    """What the Gateway-MSC says about CAMEL."""

    phases: bytes | None = None
    suppress_t_csi: bool = False
    extension_container: bytes | None = None
    offered_csis: bytes | None = None


CAMEL_INFO: Final = Sequence(
    CamelInfo,
    Member("phases", 0x03, OCTETS),
    Member("suppress_t_csi", 0x05, NULL),
    Member("extension_container", 0x30, OCTETS),
    Member("offered_csis", 0x80, OCTETS),
)


@dataclass(slots=True, kw_only=True)
class SendRoutingInfoArg:
    """SendRoutingInfoArg; versions 1 and 2 have only the first members and network_signal_info."""

    msisdn: Address
    cug_check_info: bytes | None = None
    number_of_forwarding: int | None = None
    interrogation_type: int | None = None
    or_interrogation: bool = False
    or_capability: int | None = None
    gmsc_address: Address | None = None
    call_reference: bytes | None = None
    forwarding_reason: int | None = None
    basic_service_group: bytes | None = None
    network_signal_info: bytes | None = None
    camel_info: CamelInfo | None = None
    suppression_of_announcement: bool = False
    extension_container: bytes | None = None
    alerting_pattern: bytes | None = None
    ccbs_call: bool = False
    supported_ccbs_phase: int | None = None
    additional_signal_info: bytes | None = None
    ist_support: int | None = None
    pre_paging_supported: bool = False
    call_diversion_treatment: bytes | None = None
    long_ftn_supported: bool = False
    suppress_vt_csi: bool = False
    suppress_incoming_call_barring: bool = False
    gsm_scf_initiated_call: bool = False
    basic_service_group_2: bytes | None = None
    network_signal_info_2: bytes | None = None
    suppress_mtss: bytes | None = None
    mt_roaming_retry_supported: bool = False
    call_priority: int | None = None


_ARG_OLD: Final = (
    Member("msisdn", 0x80, ADDRESS, mandatory=True),
    Member("cug_check_info", 0xA1, OCTETS),
    Member("number_of_forwarding", 0x82, INTEGER),
    Member("network_signal_info", 0xAA, OCTETS),
)
ROUTING_INFO_ARG_OLD: Final = Sequence(SendRoutingInfoArg, *_ARG_OLD)
ROUTING_INFO_ARG: Final = Sequence(
    SendRoutingInfoArg,
    Member("msisdn", 0x80, ADDRESS, mandatory=True),
    Member("cug_check_info", 0xA1, OCTETS),
    Member("number_of_forwarding", 0x82, INTEGER),
    Member("interrogation_type", 0x83, INTEGER, mandatory=True),
    Member("or_interrogation", 0x84, NULL),
    Member("or_capability", 0x85, INTEGER),
    Member("gmsc_address", 0x86, ADDRESS, mandatory=True),
    Member("call_reference", 0x87, OCTETS),
    Member("forwarding_reason", 0x88, INTEGER),
    Member("basic_service_group", 0xA9, OCTETS),
    Member("network_signal_info", 0xAA, OCTETS),
    Member("camel_info", 0xAB, CAMEL_INFO.kind),
    Member("suppression_of_announcement", 0x8C, NULL),
    Member("extension_container", 0xAD, OCTETS),
    Member("alerting_pattern", 0x8E, OCTETS),
    Member("ccbs_call", 0x8F, NULL),
    Member("supported_ccbs_phase", 0x90, INTEGER),
    Member("additional_signal_info", 0xB1, OCTETS),
    Member("ist_support", 0x92, INTEGER),
    Member("pre_paging_supported", 0x93, NULL),
    Member("call_diversion_treatment", 0x94, OCTETS),
    Member("long_ftn_supported", 0x95, NULL),
    Member("suppress_vt_csi", 0x96, NULL),
    Member("suppress_incoming_call_barring", 0x97, NULL),
    Member("gsm_scf_initiated_call", 0x98, NULL),
    Member("basic_service_group_2", 0xB9, OCTETS),
    Member("network_signal_info_2", 0xBA, OCTETS),
    Member("suppress_mtss", 0x9B, OCTETS),
    Member("mt_roaming_retry_supported", 0x9C, NULL),
    Member("call_priority", 0x9D, INTEGER),
)


@dataclass(slots=True, kw_only=True)
class ForwardingData:
    """ForwardingData; `options` is one octet, bits 4 and 3 are the reason."""

    number: Address | None = None
    subaddress: bytes | None = None
    options: bytes | None = None
    extensions: tuple[PrivateExtension, ...] | None = None
    long_number: Address | None = None


FORWARDING_DATA: Final = Sequence(
    ForwardingData,
    Member("number", 0x85, ADDRESS),
    Member("subaddress", 0x84, OCTETS),
    Member("options", 0x86, OCTETS),
    Member("extensions", 0xA7, EXTENSIONS),
    Member("long_number", 0x88, ADDRESS),
)


@dataclass(slots=True, kw_only=True)
class SendRoutingInfoRes:
    """SendRoutingInfoRes; the choice of roaming number, forwarding and CAMEL data is three members here."""

    imsi: str | None = None
    roaming_number: Address | None = None
    forwarding_data: ForwardingData | None = None
    camel_routing_info: bytes | None = None
    cug_check_info: bytes | None = None
    cug_subscription_flag: bool = False
    subscriber_info: bytes | None = None
    ss_list: bytes | None = None
    basic_service: bytes | None = None
    forwarding_interrogation_required: bool = False
    vmsc_address: Address | None = None
    extensions: tuple[PrivateExtension, ...] | None = None
    naea_preferred_ci: bytes | None = None
    ccbs_indicators: bytes | None = None
    msisdn: Address | None = None
    number_portability_status: int | None = None
    ist_alert_timer: int | None = None
    camel_phases_in_vmsc: bytes | None = None
    offered_csis_in_vmsc: bytes | None = None
    routing_info_2: bytes | None = None
    ss_list_2: bytes | None = None
    basic_service_2: bytes | None = None
    allowed_services: bytes | None = None
    unavailability_cause: int | None = None
    release_resources_supported: bool = False
    gsm_bearer_capability: bytes | None = None


ROUTING_INFO_RES: Final = Sequence(
    SendRoutingInfoRes,
    Member("imsi", 0x89, IMSI),
    Member("roaming_number", 0x04, ADDRESS),
    Member("forwarding_data", 0x30, FORWARDING_DATA.kind),
    Member("camel_routing_info", 0xA8, OCTETS),
    Member("cug_check_info", 0xA3, OCTETS),
    Member("cug_subscription_flag", 0x86, NULL),
    Member("subscriber_info", 0xA7, OCTETS),
    Member("ss_list", 0xA1, OCTETS),
    Member("basic_service", 0xA5, OCTETS),
    Member("forwarding_interrogation_required", 0x84, NULL),
    Member("vmsc_address", 0x82, ADDRESS),
    Member("extensions", 0xA0, EXTENSIONS),
    Member("naea_preferred_ci", 0xAA, OCTETS),
    Member("ccbs_indicators", 0xAB, OCTETS),
    Member("msisdn", 0x8C, ADDRESS),
    Member("number_portability_status", 0x8D, INTEGER),
    Member("ist_alert_timer", 0x8E, INTEGER),
    Member("camel_phases_in_vmsc", 0x8F, OCTETS),
    Member("offered_csis_in_vmsc", 0x90, OCTETS),
    Member("routing_info_2", 0xB1, OCTETS),
    Member("ss_list_2", 0xB2, OCTETS),
    Member("basic_service_2", 0xB3, OCTETS),
    Member("allowed_services", 0x94, OCTETS),
    Member("unavailability_cause", 0x95, INTEGER),
    Member("release_resources_supported", 0x96, NULL),
    Member("gsm_bearer_capability", 0xB7, OCTETS),
)


def read_routing_info_arg(parameter: bytes, version: int) -> SendRoutingInfoArg:
    """Read the argument of any version."""
    shape = ROUTING_INFO_ARG if version >= 3 else ROUTING_INFO_ARG_OLD
    return shape.read(content_of(parameter, 0x30))


def write_routing_info_arg(argument: SendRoutingInfoArg, version: int) -> bytes:
    """Write the argument; what a version does not have stays away."""
    shape = ROUTING_INFO_ARG if version >= 3 else ROUTING_INFO_ARG_OLD
    return ber.write(0x30, shape.write(argument))


def read_routing_info_res(parameter: bytes, version: int = 3) -> SendRoutingInfoRes:
    """Read the result: its tag tells version 3 from the older ones, which some send in any version."""
    tag, content = ber.only(parameter) if parameter else (0, b"")
    if tag == 0xA3:
        return ROUTING_INFO_RES.read(content)
    if tag != 0x30:
        raise DecodeError(f"result of sendRoutingInfo, version {version}, with tag {tag:#04x}", at=0)
    return _read_old_res(content)


def _read_old_res(content: bytes) -> SendRoutingInfoRes:
    result = SendRoutingInfoRes()
    for part in ber.elements(content):
        value = content[part.start : part.stop]
        routed = result.roaming_number is not None or result.forwarding_data is not None
        if part.tag == 0x04 and result.imsi is None:
            result.imsi = IMSI.read(value)
        elif part.tag == 0x04 and not routed:
            result.roaming_number = ADDRESS.read(value)
        elif part.tag == 0x30 and not routed:
            result.forwarding_data = FORWARDING_DATA.read(value)
        elif part.tag == 0x30 and result.cug_check_info is None:
            result.cug_check_info = value
        elif part.tag == PRIVATE:
            result.extensions = (*(result.extensions or ()), *read_container(ber.write(0xA0, ber.write(0x30, value))))
    if result.imsi is None:
        raise DecodeError("IMSI is missing", at=0)
    return result


def write_routing_info_res(result: SendRoutingInfoRes, version: int) -> bytes:
    """Write the result in the form of a version; what versions 1 and 2 do not have stays away."""
    if version >= 3:
        return ber.write(0xA3, ROUTING_INFO_RES.write(result))
    if result.imsi is None:
        raise ValueError("before version 3 the result of sendRoutingInfo must hold an IMSI")
    content = ber.write(0x04, IMSI.write(result.imsi))
    if result.roaming_number is not None:
        content += ber.write(0x04, result.roaming_number.encode())
    elif result.forwarding_data is not None:
        content += ber.write(0x30, FORWARDING_DATA.write(result.forwarding_data))
    if version == 2:
        content += b"" if result.cug_check_info is None else ber.write(0x30, result.cug_check_info)
        content += b"".join(ber.write(PRIVATE, write_extension(each)) for each in result.extensions or ())
    return ber.write(0x30, content)


# provideRoamingNumber


@dataclass(slots=True, kw_only=True)
class ProvideRoamingNumberArg:
    """The members of ProvideRoamingNumberArg that an HSS sends, and those that a VLR may look at."""

    imsi: str
    msc_number: Address | None = None
    msisdn: Address | None = None
    lmsi: bytes | None = None
    gsm_bearer_capability: bytes | None = None
    network_signal_info: bytes | None = None
    suppression_of_announcement: bool = False
    gmsc_address: Address | None = None
    call_reference: bytes | None = None
    or_interrogation: bool = False
    extension_container: bytes | None = None


ROAMING_NUMBER_ARG: Final = Sequence(
    ProvideRoamingNumberArg,
    Member("imsi", 0x80, IMSI, mandatory=True),
    Member("msc_number", 0x81, ADDRESS),
    Member("msisdn", 0x82, ADDRESS),
    Member("lmsi", 0x84, OCTETS),
    Member("gsm_bearer_capability", 0xA5, OCTETS),
    Member("network_signal_info", 0xA6, OCTETS),
    Member("suppression_of_announcement", 0x87, NULL),
    Member("gmsc_address", 0x88, ADDRESS),
    Member("call_reference", 0x89, OCTETS),
    Member("or_interrogation", 0x8A, NULL),
    Member("extension_container", 0xAB, OCTETS),
)


def write_roaming_number_arg(argument: ProvideRoamingNumberArg) -> bytes:
    """Write the argument of provideRoamingNumber; it is the same for all versions as far as an HSS fills it."""
    return ber.write(0x30, ROAMING_NUMBER_ARG.write(argument))


def read_roaming_number_arg(parameter: bytes) -> ProvideRoamingNumberArg:
    """Read the argument of provideRoamingNumber."""
    return ROAMING_NUMBER_ARG.read(content_of(parameter, 0x30))


def read_roaming_number_res(parameter: bytes) -> Address:
    """Read the roaming number: bare in versions 1 and 2, in a SEQUENCE in version 3."""
    tag, content = ber.only(parameter) if parameter else (0, b"")
    if tag == 0x30:
        first = ber.element(content, 0, len(content))
        tag, content = first.tag, content[first.start : first.stop]
    if tag != 0x04:
        raise DecodeError("result of provideRoamingNumber without a number", at=0)
    return ADDRESS.read(content)  # type: ignore[no-any-return]


def write_roaming_number_res(number: Address, version: int) -> bytes:
    """Write the roaming number, as a VLR does."""
    octets = ber.write(0x04, number.encode())
    return ber.write(0x30, octets) if version >= 3 else octets
