"""Numbers of the Diameter base protocol. Source: RFC 6733, unless a line names another."""

from enum import IntEnum, IntFlag
from typing import Final

VENDOR_3GPP: Final = 10415
VENDOR_ETSI: Final = 13019
PORT: Final = 3868  # 2.1
TLS_PORT: Final = 5658  # 2.1
SCTP_PAYLOAD: Final = 46  # 2.1.1, payload protocol identifier in clear text
VERSION: Final = 1  # 3
HEADER_OCTETS: Final = 20  # 3
RELAY: Final = 0xFFFFFFFF  # 2.4, the application of relays


class Application(IntEnum):
    """Application identifiers (11.3)."""

    BASE = 0
    CX = 16777216  # TS 29.229 6
    SH = 16777217  # TS 29.329 6


class Flag(IntFlag):
    """Command flags of the header (3)."""

    REQUEST = 0x80
    PROXIABLE = 0x40
    ERROR = 0x20
    RETRANSMITTED = 0x10
    RESERVED = 0x0F


class AvpFlag(IntFlag):
    """Flags of an AVP header (4.1)."""

    VENDOR = 0x80
    MANDATORY = 0x40
    PROTECTED = 0x20
    RESERVED = 0x1F


class BaseCommand(IntEnum):
    """Command codes (3.1)."""

    CAPABILITIES_EXCHANGE = 257  # 5.3
    DEVICE_WATCHDOG = 280  # 5.5
    DISCONNECT_PEER = 282  # 5.4


class BaseAvp(IntEnum):
    """AVP codes without a vendor that are used on Cx and Sh (4.5)."""

    USER_NAME = 1
    FRAMED_IP_ADDRESS = 8
    PROXY_STATE = 33
    FRAMED_INTERFACE_ID = 96
    FRAMED_IPV6_PREFIX = 97
    DIGEST_REALM = 104  # RFC 5090 3
    DIGEST_QOP = 110
    DIGEST_ALGORITHM = 111
    DIGEST_HA1 = 121
    HOST_IP_ADDRESS = 257
    AUTH_APPLICATION_ID = 258
    ACCT_APPLICATION_ID = 259
    VENDOR_SPECIFIC_APPLICATION_ID = 260
    SESSION_ID = 263
    ORIGIN_HOST = 264
    SUPPORTED_VENDOR_ID = 265
    VENDOR_ID = 266
    FIRMWARE_REVISION = 267
    RESULT_CODE = 268
    PRODUCT_NAME = 269
    DISCONNECT_CAUSE = 273
    AUTH_SESSION_STATE = 277
    ORIGIN_STATE_ID = 278
    FAILED_AVP = 279
    PROXY_HOST = 280
    ERROR_MESSAGE = 281
    ROUTE_RECORD = 282
    DESTINATION_REALM = 283
    PROXY_INFO = 284
    DESTINATION_HOST = 293
    ERROR_REPORTING_HOST = 294
    ORIGIN_REALM = 296
    EXPERIMENTAL_RESULT = 297
    EXPERIMENTAL_RESULT_CODE = 298
    INBAND_SECURITY_ID = 299
    DRMP = 301  # RFC 7944
    OC_SUPPORTED_FEATURES = 621  # RFC 7683
    OC_OLR = 623  # RFC 7683
    LOAD = 650  # RFC 8583


class BaseResult(IntEnum):
    """Result-Code values (7.1)."""

    SUCCESS = 2001
    LIMITED_SUCCESS = 2002
    COMMAND_UNSUPPORTED = 3001
    UNABLE_TO_DELIVER = 3002
    REALM_NOT_SERVED = 3003
    TOO_BUSY = 3004
    LOOP_DETECTED = 3005
    APPLICATION_UNSUPPORTED = 3007
    INVALID_HDR_BITS = 3008
    INVALID_AVP_BITS = 3009
    UNKNOWN_PEER = 3010
    AVP_UNSUPPORTED = 5001
    AUTHORIZATION_REJECTED = 5003
    INVALID_AVP_VALUE = 5004
    MISSING_AVP = 5005
    CONTRADICTING_AVPS = 5007
    AVP_NOT_ALLOWED = 5008
    AVP_OCCURS_TOO_MANY_TIMES = 5009
    NO_COMMON_APPLICATION = 5010
    UNSUPPORTED_VERSION = 5011
    UNABLE_TO_COMPLY = 5012
    INVALID_BIT_IN_HEADER = 5013
    INVALID_AVP_LENGTH = 5014
    INVALID_MESSAGE_LENGTH = 5015
    INVALID_AVP_BIT_COMBO = 5016
    NO_COMMON_SECURITY = 5017


class DisconnectCause(IntEnum):
    """Disconnect-Cause values (5.4.3)."""

    REBOOTING = 0
    BUSY = 1
    DO_NOT_WANT_TO_TALK_TO_YOU = 2


class AuthSessionState(IntEnum):
    """Auth-Session-State values (8.11)."""

    STATE_MAINTAINED = 0
    NO_STATE_MAINTAINED = 1


class InbandSecurity(IntEnum):
    """Inband-Security-Id values (6.10)."""

    NO_INBAND_SECURITY = 0
    TLS = 1
