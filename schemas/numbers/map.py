"""Numbers of MAP. Source: TS 29.002, modules MAP-ApplicationContexts, MAP-*Operations, MAP-Errors, MAP-*DataTypes."""

from enum import IntEnum
from typing import Final

DEFAULT_EXTENSION: Final = "1.3.6.1.4.1.32473.1.1"  # ours (docs/adr/0005); RFC 5612: number for documentation


class Context(IntEnum):
    """Application contexts: the arc before the version."""

    ROAMING_NUMBER_ENQUIRY = 3
    LOCATION_INFO_RETRIEVAL = 5
    SHORT_MSG_GATEWAY = 20
    IMSI_RETRIEVAL = 26
    ANY_TIME_INFO_ENQUIRY = 29


class Operation(IntEnum):
    """Operation codes."""

    PROVIDE_ROAMING_NUMBER = 4
    SEND_ROUTING_INFO = 22
    SEND_ROUTING_INFO_FOR_SM = 45
    SEND_IMSI = 58
    ANY_TIME_INTERROGATION = 71


class MapError(IntEnum):
    """Error codes."""

    UNKNOWN_SUBSCRIBER = 1
    UNIDENTIFIED_SUBSCRIBER = 5
    ABSENT_SUBSCRIBER_SM = 6
    ROAMING_NOT_ALLOWED = 8
    BEARER_SERVICE_NOT_PROVISIONED = 10
    TELESERVICE_NOT_PROVISIONED = 11
    CALL_BARRED = 13
    FORWARDING_VIOLATION = 14
    CUG_REJECT = 15
    FACILITY_NOT_SUPPORTED = 21
    ABSENT_SUBSCRIBER = 27
    MESSAGE_WAITING_LIST_FULL = 33
    SYSTEM_FAILURE = 34
    DATA_MISSING = 35
    UNEXPECTED_DATA_VALUE = 36
    NO_ROAMING_NUMBER_AVAILABLE = 39
    NUMBER_CHANGED = 44
    BUSY_SUBSCRIBER = 45
    NO_SUBSCRIBER_REPLY = 46
    OR_NOT_ALLOWED = 48
    ATI_NOT_ALLOWED = 49


class NetworkResource(IntEnum):
    """Where a system failed (MAP-CommonDataTypes)."""

    PLMN = 0
    HLR = 1
    VLR = 2
    PVLR = 3
    CONTROLLING_MSC = 4
    VMSC = 5
    EIR = 6
    RSS = 7


class InterrogationType(IntEnum):
    """What a GMSC asks for (MAP-CH-DataTypes)."""

    BASIC_CALL = 0
    FORWARDING = 1


class ForwardingReason(IntEnum):
    """Why a GMSC forwards (MAP-CH-DataTypes); not the coding of the forwarding options."""

    NOT_REACHABLE = 0
    BUSY = 1
    NO_REPLY = 2


class AbsentReason(IntEnum):
    """absentSubscriberReason (MAP-ER-DataTypes)."""

    IMSI_DETACH = 0
    RESTRICTED_AREA = 1
    NO_PAGE_RESPONSE = 2
    PURGED_MS = 3
    MT_ROAMING_RETRY = 4
    BUSY_SUBSCRIBER = 5


class BarringCause(IntEnum):
    """callBarringCause (MAP-ER-DataTypes)."""

    BARRING_SERVICE_ACTIVE = 0
    OPERATOR_BARRING = 1


class UnknownSubscriberDiagnostic(IntEnum):
    """unknownSubscriberDiagnostic (MAP-ER-DataTypes)."""

    IMSI_UNKNOWN = 0
    GPRS_SUBSCRIPTION_UNKNOWN = 1
    NPDB_MISMATCH = 2


class RefuseReason(IntEnum):
    """Reason of MAP-RefuseInfo (MAP-DialogueInformation)."""

    NO_REASON_GIVEN = 0
    INVALID_DESTINATION_REFERENCE = 1
    INVALID_ORIGINATING_REFERENCE = 2


class NotReachableReason(IntEnum):
    """Reason of networkDeterminedNotReachable (MAP-MS-DataTypes)."""

    MS_PURGED = 0
    IMSI_DETACHED = 1
    RESTRICTED_AREA = 2
    NOT_REGISTERED = 3
