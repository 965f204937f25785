"""The layers of one node stacked, and its own requests to others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hss.machine import Event, Turn
from hss.sigtran.layer import Duty, earliest
from hss.sigtran.m3ua.asp import Asp, AspConfig
from hss.sigtran.m3ua.association import Pulse
from hss.sigtran.m3ua.events import TransferDropped
from hss.sigtran.m3ua.gateway import Gateway, GatewayConfig
from hss.sigtran.m3ua.links import Links
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.m3ua.sgp import Sgp
from hss.sigtran.map.calls import Call
from hss.sigtran.map.machine import Late, MapConfig, MapMachine
from hss.sigtran.sccp.machine import Notice, Sccp, SccpConfig, Translator
from hss.sigtran.tcap.machine import Tcap, TcapConfig
from schemas.numbers.sccp import ReturnCause

if TYPE_CHECKING:  # who only asks does without what serves
    from hss.sigtran.map.dispatch import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """What is configured of all layers of a node; the gateway part concerns the associations that it accepts."""

    gateway: GatewayConfig = field(default_factory=GatewayConfig)
    sccp: SccpConfig = field(default_factory=SccpConfig)
    tcap: TcapConfig = field(default_factory=TcapConfig)
    map: MapConfig = field(default_factory=MapConfig)
    pulse: Pulse = field(default_factory=Pulse)


class Node:
    """One signalling node: SCCP, TCAP and MAP once, over any number of M3UA associations."""

    def __init__(self, config: NodeConfig, table: Mapping[int, "Entry"], translator: Translator | None = None) -> None:
        self._config = config
        self.map = MapMachine(config.map, table)
        self.tcap = Tcap[Late](config.tcap, self.map)
        self.sccp = Sccp[Late](config.sccp, self.tcap, translator)
        self.links = Links[Late]()
        self.gateway = Gateway[Late](config.gateway)

    def accepted(self) -> Sgp[Late]:
        """Make the machine of an association that a peer opened."""
        return Sgp(self.gateway, self.sccp, self.links, self._config.pulse)

    def connecting(self, config: AspConfig) -> Asp[Late]:
        """Make the machine of an association that we open."""
        return Asp(config, self.sccp, self.links, self._config.pulse)

    @property
    def deadline(self) -> float | None:
        """When `wake` wants to be called. Each association calls it for all, but there may be none."""
        return earliest(self.sccp.deadline, self.gateway.deadline)

    def wake(self, *, now: float) -> list[Event]:
        """Take the time for what outlives associations: dialogues, unfinished messages, pending servers."""
        turn: Turn[Late] = Turn()
        self.gateway.wake(turn, now=now)
        duty = self.sccp.wake(now=now)
        dropped = [each for each in duty.send if not self.links.post(each)]
        return [
            *turn.events,
            *duty.events,
            *(TransferDropped(why=f"no way to point code {each.dpc}") for each in dropped),
        ]

    def call(self, call: Call, *, now: float) -> list[Event]:
        """Invoke an operation at another node over whatever association leads there; `call.done` hears the outcome."""
        asked = self.tcap.send(self.map.invoke(call), now=now)
        duty: Duty[Transfer, Late] = self.sccp.send(asked)
        events = list(duty.events)
        sent = [self.links.post(transfer) for transfer in duty.send]
        if not sent or not all(sent):
            events.append(TransferDropped(why="no way for an operation of our own"))
            for unit in asked.send:
                lost = Notice(cause=ReturnCause.MTP_FAILURE, called=unit.called, calling=unit.calling, data=unit.data)
                events += self.tcap.notice(lost, now=now).events
        return events
