"""Messages of M3UA: values with their codec. Source: RFC 4666."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hss.sigtran.m3ua.errors import M3uaFault
from schemas.numbers.m3ua import HEADER_OCTETS, SERVICE_SCCP, VERSION, ErrorCode, Kind, MessageClass, Status, Tag

MOST_DIAGNOSTIC_OCTETS: Final = 40  # design: enough for header, routing context and routing label
_HEADER: Final = struct.Struct("!BBHI")
_TLV: Final = struct.Struct("!HH")
_LABEL: Final = struct.Struct("!IIBBBB")
_CLASSES: Final = frozenset(MessageClass) - {MessageClass.RKM}
_KINDS: Final[Mapping[int, Kind]] = {kind.value: kind for kind in Kind}
_NUMBER: Final = struct.Struct("!HHI")  # a parameter of 32 bits
_LABELLED: Final = struct.Struct("!HHIIBBBB")  # the head of Protocol Data with its label
_BARE: Final = struct.Struct("!IIHHIIBBBB")  # DATA as far as its user data, without and with Routing Context
_WITH_CONTEXT: Final = struct.Struct("!II4xIHHIIBBBB")
_DATA: Final = int(Kind.DATA)
_DATA_HEAD: Final = VERSION << 24 | _DATA
_CONTEXT_HEAD: Final = (Tag.ROUTING_CONTEXT << 16 | 8).to_bytes(4, "big")
_PROTOCOL_DATA: Final = int(Tag.PROTOCOL_DATA)
_APPEARANCE: Final = int(Tag.NETWORK_APPEARANCE)
_ROUTING_CONTEXT: Final = int(Tag.ROUTING_CONTEXT)
_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")

Parameters = Mapping[int, bytes]


@dataclass(slots=True, kw_only=True)
class Transfer:
    """An MTP-TRANSFER: one DATA message without its wrapping.

    `via` is the association on which a request came; an answer that keeps it goes back the same way.
    A value that is not changed after it is made; it is not frozen because one is made for each message.
    """

    opc: int
    dpc: int
    data: bytes
    sls: int = 0
    service: int = SERVICE_SCCP
    network_indicator: int = 2
    priority: int = 0
    routing_context: int | None = None
    network_appearance: int | None = None
    via: Any = None

    def back(self, data: bytes) -> "Transfer":
        """Make the transfer that takes `data` to where this one came from, on the same way."""
        return Transfer(
            opc=self.dpc,
            dpc=self.opc,
            data=data,
            sls=self.sls,
            network_indicator=self.network_indicator,
            routing_context=self.routing_context,
            network_appearance=self.network_appearance,
            via=self.via,
        )


def read_usual_data(data: bytes, via: object = None) -> Transfer | None:
    """Read DATA of Protocol Data, and Routing Context before it, at one stroke; None: it is something else."""
    size, begin, context = len(data), _BARE.size, None
    if data[8:12] == _CONTEXT_HEAD and size >= _WITH_CONTEXT.size:
        (start, length, context, tag, octets, opc, dpc, service, indicator, priority, sls) = _WITH_CONTEXT.unpack_from(
            data
        )
        begin = _WITH_CONTEXT.size
    elif size >= begin:
        (start, length, tag, octets, opc, dpc, service, indicator, priority, sls) = _BARE.unpack_from(data)
    else:
        return None
    at = begin - _LABELLED.size  # of Protocol Data, which is padded to the end of the message
    if start != _DATA_HEAD or length != size or tag != _PROTOCOL_DATA or not 16 <= octets <= size - at < octets + 4:
        return None
    return Transfer(
        opc=opc,
        dpc=dpc,
        data=data[begin : at + octets],
        sls=sls,
        service=service,
        network_indicator=indicator,
        priority=priority,
        routing_context=context,
        via=via,
    )


def read_kind(data: bytes) -> Kind:
    """Read and check the common header; raise `M3uaFault` with the code that RFC 4666 names."""
    if len(data) < HEADER_OCTETS:
        raise M3uaFault(ErrorCode.PROTOCOL_ERROR, "the header is cut short")
    version, _, number, length = _HEADER.unpack_from(data)
    if version != VERSION:
        raise M3uaFault(ErrorCode.INVALID_VERSION, f"version {version}")
    kind = _KINDS.get(number)
    if kind is None:
        if number >> 8 not in _CLASSES:
            raise M3uaFault(ErrorCode.UNSUPPORTED_CLASS, f"message class {number >> 8}")
        raise M3uaFault(ErrorCode.UNSUPPORTED_TYPE, f"message class {number >> 8} type {number & 255}")
    if length != len(data):
        raise M3uaFault(ErrorCode.PROTOCOL_ERROR, f"length {length} of a message with {len(data)} octets")
    return kind


def read_parameters(data: bytes) -> dict[int, bytes]:
    """Read the parameters behind the header by tag; of a repeated one the first counts."""
    found: dict[int, bytes] = {}
    at, end = HEADER_OCTETS, len(data)
    while at < end:
        if end - at < 4:
            raise M3uaFault(ErrorCode.PARAMETER_FIELD_ERROR, f"octets without a parameter at {at}")
        tag, length = _TLV.unpack_from(data, at)
        if length < 4 or at + length > end:
            raise M3uaFault(ErrorCode.PARAMETER_FIELD_ERROR, f"parameter {tag:#06x} has length {length}")
        if tag not in found:
            found[tag] = data[at + 4 : at + length]
        at += length + 3 & ~3
    return found


def read_transfer(parameters: Parameters, via: object = None) -> Transfer:
    """Make a transfer of the parameters of DATA."""
    label = parameters.get(Tag.PROTOCOL_DATA)
    if label is None:
        raise M3uaFault(ErrorCode.MISSING_PARAMETER, "DATA without Protocol Data")
    if len(label) < _LABEL.size:
        raise M3uaFault(ErrorCode.PARAMETER_FIELD_ERROR, "Protocol Data is cut short")
    opc, dpc, service, indicator, priority, sls = _LABEL.unpack_from(label)
    context = parameters.get(_ROUTING_CONTEXT)
    return Transfer(
        opc=opc,
        dpc=dpc,
        data=label[12:],
        sls=sls,
        service=service,
        network_indicator=indicator,
        priority=priority,
        routing_context=None if context is None else number_of(parameters, Tag.ROUTING_CONTEXT),
        network_appearance=None if _APPEARANCE not in parameters else number_of(parameters, Tag.NETWORK_APPEARANCE),
        via=via,
    )


def number_of(parameters: Parameters, tag: Tag) -> int | None:
    """Read the 32-bit value of a parameter that holds just one; None where it is absent."""
    value = parameters.get(tag)
    if value is None:
        return None
    if len(value) != 4:
        raise M3uaFault(ErrorCode.PARAMETER_FIELD_ERROR, f"{tag.name} has {len(value)} octets")
    return int.from_bytes(value, "big")


def numbers_of(parameters: Parameters, tag: Tag) -> tuple[int, ...]:
    """Read the 32-bit values of a list parameter; empty where it is absent."""
    value = parameters.get(tag, b"")
    if len(value) % 4:
        raise M3uaFault(ErrorCode.PARAMETER_FIELD_ERROR, f"{tag.name} has {len(value)} octets")
    return struct.unpack(f"!{len(value) // 4}I", value)


def write_transfer(transfer: Transfer) -> bytes:
    """Write DATA: Network Appearance, Routing Context, Protocol Data."""
    appearance, context = transfer.network_appearance, transfer.routing_context
    before = b"" if appearance is None else _NUMBER.pack(_APPEARANCE, 8, appearance)
    if context is not None:
        before += _NUMBER.pack(_ROUTING_CONTEXT, 8, context)
    octets = len(transfer.data) + _LABELLED.size
    label = _LABELLED.pack(
        _PROTOCOL_DATA,
        octets,
        transfer.opc,
        transfer.dpc,
        transfer.service,
        transfer.network_indicator,
        transfer.priority,
        transfer.sls,
    )
    head = _HEADER.pack(VERSION, 0, _DATA, HEADER_OCTETS + len(before) + (octets + 3 & ~3))
    return head + before + label + transfer.data + _PADDING[octets & 3]


def write(kind: int, parameters: Iterable[tuple[int, bytes]] = ()) -> bytes:
    """Write a message of any kind."""
    body = b"".join(_TLV.pack(tag, len(value) + 4) + value + _PADDING[len(value) & 3] for tag, value in parameters)
    return _HEADER.pack(VERSION, 0, kind, HEADER_OCTETS + len(body)) + body


def word(number: int) -> bytes:
    """Write 32 bits."""
    return number.to_bytes(4, "big")


def words(numbers: Iterable[int]) -> bytes:
    """Write a list of 32-bit values."""
    return b"".join(map(word, numbers))


def routing_contexts(contexts: Iterable[int | None]) -> list[tuple[int, bytes]]:
    """Write the Routing Context parameter for those contexts that have a number."""
    value = words(context for context in contexts if context is not None)
    return [(Tag.ROUTING_CONTEXT, value)] if value else []


def notify(status: Status, context: int | None = None, asp_identifier: bytes | None = None) -> bytes:
    """Write NTFY: Status, ASP Identifier, Routing Context (RFC 4666)."""
    named = [] if asp_identifier is None else [(Tag.ASP_IDENTIFIER, asp_identifier)]
    return write(Kind.NTFY, [(Tag.STATUS, word(status)), *named, *routing_contexts([context])])


def error(fault: M3uaFault, offending: bytes) -> bytes:
    """Write ERR: Error Code, what the code wants, and the first octets of the message (RFC 4666)."""
    diagnostic = (Tag.DIAGNOSTIC, offending[:MOST_DIAGNOSTIC_OCTETS])
    return write(Kind.ERR, [(Tag.ERROR_CODE, word(fault.code)), *fault.parameters, diagnostic])
