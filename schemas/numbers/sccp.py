"""Numbers of SCCP. Source: ITU-T Q.713."""

from enum import IntEnum
from typing import Final

RETURN_ON_ERROR: Final = 0x80  # high nibble of the protocol class octet
MOST_HOPS: Final = 15
MOST_SEGMENTS: Final = 16


class Type(IntEnum):
    """Message types of the connectionless service."""

    UDT = 0x09
    UDTS = 0x0A
    XUDT = 0x11
    XUDTS = 0x12
    LUDT = 0x13
    LUDTS = 0x14


class Option(IntEnum):
    """Optional parameters."""

    END = 0x00
    SEGMENTATION = 0x10
    IMPORTANCE = 0x12


class ReturnCause(IntEnum):
    """Why a message came back."""

    NO_TRANSLATION_FOR_NATURE = 0
    NO_TRANSLATION_FOR_ADDRESS = 1
    SUBSYSTEM_CONGESTION = 2
    SUBSYSTEM_FAILURE = 3
    UNEQUIPPED_USER = 4
    MTP_FAILURE = 5
    NETWORK_CONGESTION = 6
    UNQUALIFIED = 7
    ERROR_IN_TRANSPORT = 8
    ERROR_IN_LOCAL_PROCESSING = 9
    NO_REASSEMBLY = 10
    SCCP_FAILURE = 11
    HOP_COUNTER_VIOLATION = 12
    SEGMENTATION_NOT_SUPPORTED = 13
    SEGMENTATION_FAILURE = 14


class Management(IntEnum):
    """Messages of SCCP management (subsystem 1)."""

    SSA = 1
    SSP = 2
    SST = 3
    SOR = 4
    SOG = 5
    SSC = 6


class Subsystem(IntEnum):
    """Subsystem numbers. Source: TS 23.003, ITU-T Q.713."""

    UNKNOWN = 0
    MANAGEMENT = 1
    HLR = 6
    VLR = 7
    MSC = 8
    EIR = 9
    AUC = 10
    GMLC = 145
    CAP = 146
    GSMSCF = 147
    SGSN = 149
    GGSN = 150


class NumberingPlan(IntEnum):
    """Numbering plan of a global title."""

    UNKNOWN = 0
    E164 = 1
    E212 = 6
    E214 = 7


class Nature(IntEnum):
    """Nature of address of a global title."""

    UNKNOWN = 0
    SUBSCRIBER = 1
    NATIONAL = 3
    INTERNATIONAL = 4
