"""Application contexts of MAP: their object identifiers, versions and operations. Source: TS 29.002 §17.3."""

from collections.abc import Mapping
from typing import Final

from schemas.numbers.map import Context, Operation

PREFIX: Final = bytes.fromhex("0400000100")  # itu-t identified-organization etsi mobileDomain gsm-Network ac-Id

# The highest version that there is of each context.
HIGHEST: Final[Mapping[int, int]] = {
    Context.ROAMING_NUMBER_ENQUIRY: 3,
    Context.LOCATION_INFO_RETRIEVAL: 3,
    Context.SHORT_MSG_GATEWAY: 3,
    Context.IMSI_RETRIEVAL: 2,
    Context.ANY_TIME_INFO_ENQUIRY: 3,
}
LOWEST: Final[Mapping[int, int]] = {Context.IMSI_RETRIEVAL: 2, Context.ANY_TIME_INFO_ENQUIRY: 3}

# TS 29.002 table 15.2/1: in version 1 the operation selects the context.
CONTEXT_OF: Final[Mapping[int, Context]] = {
    Operation.PROVIDE_ROAMING_NUMBER: Context.ROAMING_NUMBER_ENQUIRY,
    Operation.SEND_ROUTING_INFO: Context.LOCATION_INFO_RETRIEVAL,
    Operation.SEND_ROUTING_INFO_FOR_SM: Context.SHORT_MSG_GATEWAY,
    Operation.SEND_IMSI: Context.IMSI_RETRIEVAL,
    Operation.ANY_TIME_INTERROGATION: Context.ANY_TIME_INFO_ENQUIRY,
}


def write_context(context: int, version: int) -> bytes:
    """Write the content of a context's object identifier."""
    return PREFIX + bytes((context, version))


def read_context(octets: bytes) -> tuple[int, int] | None:
    """Read context and version; None where it is no context of MAP."""
    if len(octets) != len(PREFIX) + 2 or not octets.startswith(PREFIX) or octets[-2] > 0x7F or octets[-1] > 0x7F:
        return None
    return octets[-2], octets[-1]
