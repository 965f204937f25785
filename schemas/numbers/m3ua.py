"""Numbers of M3UA. Source: RFC 4666 §3."""

from enum import IntEnum
from typing import Final

PORT: Final = 2905
PAYLOAD_PROTOCOL: Final = 3  # of SCTP DATA chunks
VERSION: Final = 1
SERVICE_SCCP: Final = 3  # service indicator
HEADER_OCTETS: Final = 8


class MessageClass(IntEnum):
    """Message classes (RFC 4666 §3.1.2)."""

    MGMT = 0
    TRANSFER = 1
    SSNM = 2
    ASPSM = 3
    ASPTM = 4
    RKM = 9


class Kind(IntEnum):
    """Message class (high octet) and type (low octet) in one number (RFC 4666 §3.1.3)."""

    ERR = 0x0000
    NTFY = 0x0001
    DATA = 0x0101
    DUNA = 0x0201
    DAVA = 0x0202
    DAUD = 0x0203
    SCON = 0x0204
    DUPU = 0x0205
    DRST = 0x0206
    ASPUP = 0x0301
    ASPDN = 0x0302
    BEAT = 0x0303
    ASPUP_ACK = 0x0304
    ASPDN_ACK = 0x0305
    BEAT_ACK = 0x0306
    ASPAC = 0x0401
    ASPIA = 0x0402
    ASPAC_ACK = 0x0403
    ASPIA_ACK = 0x0404


class Tag(IntEnum):
    """Parameter tags (RFC 4666 §3.2)."""

    INFO_STRING = 0x0004
    ROUTING_CONTEXT = 0x0006
    DIAGNOSTIC = 0x0007
    HEARTBEAT_DATA = 0x0009
    TRAFFIC_MODE = 0x000B
    ERROR_CODE = 0x000C
    STATUS = 0x000D
    ASP_IDENTIFIER = 0x0011
    AFFECTED_POINT_CODE = 0x0012
    CORRELATION_ID = 0x0013
    NETWORK_APPEARANCE = 0x0200
    USER_CAUSE = 0x0204
    CONGESTION = 0x0205
    CONCERNED_DESTINATION = 0x0206
    PROTOCOL_DATA = 0x0210


class TrafficMode(IntEnum):
    """How the members of an application server share traffic."""

    OVERRIDE = 1
    LOADSHARE = 2
    BROADCAST = 3


class ErrorCode(IntEnum):
    """Codes of ERR."""

    INVALID_VERSION = 0x01
    UNSUPPORTED_CLASS = 0x03
    UNSUPPORTED_TYPE = 0x04
    UNSUPPORTED_TRAFFIC_MODE = 0x05
    UNEXPECTED_MESSAGE = 0x06
    PROTOCOL_ERROR = 0x07
    INVALID_STREAM = 0x09
    MANAGEMENT_BLOCKING = 0x0D
    ASP_IDENTIFIER_REQUIRED = 0x0E
    INVALID_ASP_IDENTIFIER = 0x0F
    INVALID_PARAMETER_VALUE = 0x11
    PARAMETER_FIELD_ERROR = 0x12
    UNEXPECTED_PARAMETER = 0x13
    DESTINATION_UNKNOWN = 0x14
    INVALID_NETWORK_APPEARANCE = 0x15
    MISSING_PARAMETER = 0x16
    INVALID_ROUTING_CONTEXT = 0x19
    NO_CONFIGURED_AS = 0x1A


class Status(IntEnum):
    """Status type (high half) and information (low half) of NTFY."""

    AS_INACTIVE = 0x00010002
    AS_ACTIVE = 0x00010003
    AS_PENDING = 0x00010004
    INSUFFICIENT_ASPS = 0x00020001
    ALTERNATE_ASP_ACTIVE = 0x00020002
    ASP_FAILURE = 0x00020003


class UserCause(IntEnum):
    """Why an MTP user is unavailable (cause half of the User/Cause parameter)."""

    UNKNOWN = 0
    UNEQUIPPED = 1
    INACCESSIBLE = 2
