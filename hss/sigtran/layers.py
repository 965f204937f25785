"""The octets of each layer of an M3UA message, for people who look at them."""

from contextlib import suppress
from dataclasses import dataclass

from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.errors import M3uaFault
from hss.sigtran.sccp.messages import Message as SccpMessage
from hss.sigtran.tcap.components import Invoke, Result, ReturnError, read_components
from hss.sigtran.tcap.messages import Message as TcapMessage
from schemas.numbers.m3ua import Kind
from schemas.octets import DecodeError


@dataclass(frozen=True, slots=True)
class LayerOctets:
    """One layer: its name, what kind of message it is there, its octets."""

    layer: str
    kind: str
    octets: bytes


def layers_of(octets: bytes) -> list[LayerOctets]:
    """Take a whole M3UA message apart, as far as it can be read."""
    found: list[LayerOctets] = []
    with suppress(M3uaFault, DecodeError):
        kind = messages.read_kind(octets)
        found.append(LayerOctets("M3UA", kind.name, octets))
        if kind is Kind.DATA:
            transfer = messages.read_transfer(messages.read_parameters(octets))
            _sccp(transfer.data, found)
    return found


def _sccp(octets: bytes, found: list[LayerOctets]) -> None:
    message = SccpMessage.decode(octets)
    found.append(LayerOctets("SCCP", message.type.name, octets))
    if message.segmentation is not None:
        return
    inner = TcapMessage.decode(message.data)
    found.append(LayerOctets("TCAP", f"{inner.type:#04x}", message.data))
    found += [
        LayerOctets("MAP", type(component).__name__, component.parameter)
        for component in read_components(inner.components, 0, len(inner.components))
        if isinstance(component, Invoke | Result | ReturnError) and component.parameter
    ]
