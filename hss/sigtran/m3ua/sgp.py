"""The signalling gateway's end of an association: it accepts ASPs. Source: RFC 4666."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hss.machine import Turn
from hss.sigtran.layer import L, Layer, earliest
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.application_server import ApplicationServer
from hss.sigtran.m3ua.association import Association, Pulse
from hss.sigtran.m3ua.errors import M3uaFault, Undeliverable
from hss.sigtran.m3ua.events import AspState, AspStateChanged, DestinationState
from hss.sigtran.m3ua.gateway import STATUS_OF, Gateway
from hss.sigtran.m3ua.links import Carrier, Links
from hss.sigtran.m3ua.messages import Parameters, Transfer
from schemas.numbers.m3ua import SERVICE_SCCP, ErrorCode, Kind, Status, Tag, TrafficMode, UserCause

MOST_POINT_CODES: Final = 1000  # that a server learns from its traffic
MASK: Final = 0xFFFFFF


class Sgp(Association[L]):
    """One association of a signalling gateway, or of an IPSP that is asked first (single exchange)."""

    def __init__(
        self, gateway: Gateway[L], user: Layer[Transfer, L], links: Links[L], pulse: Pulse | None = None
    ) -> None:
        super().__init__(user, links, pulse or Pulse())
        self._gateway = gateway
        self._up_until: float | None = None
        self.state = AspState.DOWN
        self._identifier: bytes | None = None
        self.joined: list[ApplicationServer] = []
        self._handlers: Final[Mapping[Kind, Callable[[Parameters, Turn[L], float], None]]] = {
            Kind.ASPUP: self._on_up,
            Kind.ASPDN: self._on_down,
            Kind.ASPAC: self._on_active,
            Kind.ASPIA: self._on_inactive,
            Kind.BEAT: self.on_beat,
            Kind.BEAT_ACK: self.on_beat_ack,
            Kind.DAUD: self._on_audit,
            Kind.SCON: self._on_congestion,
            Kind.ERR: self.on_error,
        }

    @property
    def handlers(self) -> Mapping[Kind, Callable[[Parameters, Turn[L], float], None]]:
        """What to do with each kind of message."""
        return self._handlers

    @property
    def identifier(self) -> bytes | None:
        """What ASP Up named this process."""
        return self._identifier

    def connected(self, *, now: float) -> Turn[L]:
        """Wait for ASP Up."""
        turn: Turn[L] = Turn()
        self._gateway.wake(turn, now=now)  # while there was no association, nobody told it the time
        self._links.join(self)
        self._gateway.members.append(self)
        limit = self._gateway.config.asp_up_s
        self._up_until = None if limit is None else now + limit
        self.start_pulse(now)
        return turn

    def disconnected(self, *, now: float) -> Turn[L]:
        """Take the ASP out of its servers and tell the others of its failure."""
        turn: Turn[L] = Turn()
        self.stop_pulse()
        self._up_until = None
        self._links.leave(self)
        if self in self._gateway.members:
            self._gateway.members.remove(self)
        was_active = [server for server in self.joined if self in server.active]
        self._leave_all(turn, now)
        for server in was_active:
            for member in server.members:
                self._gateway.notify(member, Status.ASP_FAILURE, server, turn, about=self)
        self._change(AspState.DOWN, turn)
        return turn

    @property
    def deadline(self) -> float | None:
        """The first of heart beat, user, wait for ASP Up and pending servers."""
        return earliest(earliest(super().deadline, self._up_until), self._gateway.deadline)

    def wake(self, *, now: float) -> Turn[L]:
        """Take the time."""
        turn = super().wake(now=now)
        if self._up_until is not None and now >= self._up_until:
            self._up_until = None
            self.give_up("no ASP Up", turn)
        self._gateway.wake(turn, now=now, asker=self)
        return turn

    # ASP state maintenance, RFC 4666.

    def _on_up(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        identifier = parameters.get(Tag.ASP_IDENTIFIER)
        if self._gateway.blocked:
            raise M3uaFault(ErrorCode.MANAGEMENT_BLOCKING, "refused by management")
        if identifier is None and self._gateway.config.identifier_required:
            raise M3uaFault(ErrorCode.ASP_IDENTIFIER_REQUIRED, "ASP Up without ASP Identifier")
        if self.state is AspState.ACTIVE:
            self._answer_unexpected(turn)
        self._up_until = None
        self._identifier = identifier
        turn.send.append(messages.write(Kind.ASPUP_ACK))
        self._step_back(turn)
        self._change(AspState.INACTIVE, turn)

    def _answer_unexpected(self, turn: Turn[L]) -> None:
        fault = M3uaFault(ErrorCode.UNEXPECTED_MESSAGE, "ASP Up while active")
        turn.send.append(messages.error(fault, messages.write(Kind.ASPUP)))

    def _step_back(self, turn: Turn[L]) -> None:
        """Make the ASP inactive in all its servers and tell it their state (RFC 4666)."""
        if not self.joined:
            self.joined = self._expected()
        for server in self.joined:
            if server.come_up(self):
                self._gateway.announce(server, turn, self)
            else:
                self._gateway.notify(self, STATUS_OF[server.state], server, turn, asker=self)
        if not self.joined and self._gateway.config.notifies:
            turn.send.append(messages.notify(Status.AS_INACTIVE))

    def _expected(self) -> list[ApplicationServer]:
        return [] if self._gateway.config.servers is None else list(self._gateway.servers.values())

    def _on_down(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        turn.send.append(messages.write(Kind.ASPDN_ACK))
        self._leave_all(turn, now)
        self._change(AspState.DOWN, turn)

    def _leave_all(self, turn: Turn[L], now: float) -> None:
        for server in self.joined:
            if server.go_down(self, now=now):
                self._gateway.announce(server, turn)
        self.joined = []

    # ASP traffic maintenance, RFC 4666.

    def _on_active(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        self._want_up("ASP Active")
        mode = _mode_of(parameters)
        servers = self._gateway.named(messages.numbers_of(parameters, Tag.ROUTING_CONTEXT))
        if not servers:
            raise M3uaFault(ErrorCode.NO_CONFIGURED_AS, "no application server is configured")
        for server in servers:
            if mode is not None and server.mode not in {None, mode}:
                raise M3uaFault(ErrorCode.UNSUPPORTED_TRAFFIC_MODE, f"the server's mode is not {mode.name}")
        turn.send.append(self._acknowledge(Kind.ASPAC_ACK, servers, parameters, mode))
        for server in servers:
            self._activate(server, mode, turn)
        self._change(AspState.ACTIVE, turn)

    def _acknowledge(
        self, kind: Kind, servers: Sequence[ApplicationServer], parameters: Parameters, mode: TrafficMode | None
    ) -> bytes:
        """Write the acknowledgement with what the request named."""
        named = [] if mode is None else [(int(Tag.TRAFFIC_MODE), messages.word(mode))]
        contexts = [server.routing_context for server in servers] if Tag.ROUTING_CONTEXT in parameters else []
        return messages.write(kind, [*named, *messages.routing_contexts(contexts)])

    def _activate(self, server: ApplicationServer, mode: TrafficMode | None, turn: Turn[L]) -> None:
        if server.mode is None:
            server.mode = mode
        if server not in self.joined:
            self.joined.append(server)
        if self in server.active:
            return
        if server.activate(self):
            self._gateway.announce(server, turn, self)
        else:
            self._gateway.notify(self, Status.AS_ACTIVE, server, turn, asker=self)
        for other in server.alternates(self):
            self._gateway.notify(other, Status.ALTERNATE_ASP_ACTIVE, server, turn, about=self)
        for transfer in server.release():
            turn.send.append(messages.write_transfer(self.label(transfer)))

    def _on_inactive(self, parameters: Parameters, turn: Turn[L], now: float) -> None:
        self._want_up("ASP Inactive")
        servers = self._gateway.named(messages.numbers_of(parameters, Tag.ROUTING_CONTEXT))
        if Tag.ROUTING_CONTEXT not in parameters:
            servers = list(self.joined)
        turn.send.append(self._acknowledge(Kind.ASPIA_ACK, servers, parameters, None))
        for server in servers:
            self._deactivate(server, turn, now)
        if not any(self in server.active for server in self.joined):
            self._change(AspState.INACTIVE, turn)

    def _deactivate(self, server: ApplicationServer, turn: Turn[L], now: float) -> None:
        if self not in server.active:
            return
        if server.deactivate(self, now=now):
            self._gateway.announce(server, turn, self)
        elif server.insufficient:
            for member in server.inactive:
                self._gateway.notify(member, Status.INSUFFICIENT_ASPS, server, turn, asker=self)

    def _want_up(self, what: str) -> None:
        if self.state is AspState.DOWN:
            raise M3uaFault(ErrorCode.UNEXPECTED_MESSAGE, f"{what} while down")

    def _change(self, state: AspState, turn: Turn[L]) -> None:
        if state is not self.state:
            self.state = state
            contexts = [server.routing_context for server in self.joined]
            turn.events.append(AspStateChanged(state=state, routing_context=contexts[0] if contexts else None))

    # State of the signalling network, RFC 4666.

    def _on_audit(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        self._want_up("DAUD")
        self._gateway.check_appearance(messages.number_of(parameters, Tag.NETWORK_APPEARANCE))
        if Tag.AFFECTED_POINT_CODE not in parameters:
            raise M3uaFault(ErrorCode.MISSING_PARAMETER, "DAUD without Affected Point Code")
        context = messages.numbers_of(parameters, Tag.ROUTING_CONTEXT)
        by_state: dict[DestinationState, list[int]] = {}
        for affected in messages.numbers_of(parameters, Tag.AFFECTED_POINT_CODE):
            by_state.setdefault(self._gateway.state_of(affected & MASK), []).append(affected)
        for state, those in by_state.items():
            turn.send.append(self._gateway.news(state, those, context[0] if context else None))

    def _on_congestion(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        self._want_up("SCON")

    # Traffic.

    def accept(self, transfer: Transfer, now: float) -> None:  # noqa: ARG002 - the other role needs it
        """Check routing context, network appearance and state (RFC 4666)."""
        server = self._server_of(transfer)
        if self not in server.active:
            raise M3uaFault(ErrorCode.UNEXPECTED_MESSAGE, "DATA while not active")
        self._gateway.check_appearance(transfer.network_appearance)
        if transfer.service != SERVICE_SCCP or transfer.dpc != self._gateway.config.point_code:
            self._check_destination(transfer)
        if transfer.opc not in server.point_codes and len(server.point_codes) < MOST_POINT_CODES:
            server.point_codes.add(transfer.opc)

    def _server_of(self, transfer: Transfer) -> ApplicationServer:
        context = transfer.routing_context
        for server in self.joined:
            if server.routing_context == context:
                return server
        if self.state is not AspState.ACTIVE:
            raise M3uaFault(ErrorCode.UNEXPECTED_MESSAGE, "DATA while not active")
        if context is not None and not self._takes_any():
            raise M3uaFault(
                ErrorCode.INVALID_ROUTING_CONTEXT,
                f"routing context {context} is not active here",
                parameters=((Tag.ROUTING_CONTEXT, messages.word(context)),),
            )
        if len(self.joined) > 1:
            raise M3uaFault(ErrorCode.MISSING_PARAMETER, "DATA without Routing Context where several are active")
        return self.joined[0]

    def _takes_any(self) -> bool:
        """Tell whether this ASP went active without a routing context where any one is taken."""
        return self._gateway.config.servers is None and self.joined[0].routing_context is None

    def _check_destination(self, transfer: Transfer) -> None:
        own, context = self._gateway.config.point_code, transfer.routing_context
        if own is not None and transfer.dpc != own:
            news = self._gateway.news(DestinationState.UNAVAILABLE, [transfer.dpc], context)
            raise Undeliverable(f"point code {transfer.dpc} is not here", news)
        if transfer.service != SERVICE_SCCP:
            affected = (Tag.AFFECTED_POINT_CODE, messages.word(transfer.dpc))
            cause = (Tag.USER_CAUSE, messages.word(UserCause.UNEQUIPPED << 16 | transfer.service))
            news = messages.write(Kind.DUPU, [*messages.routing_contexts([context]), affected, cause])
            raise Undeliverable(f"service {transfer.service} is not here", news)

    def label(self, transfer: Transfer) -> Transfer:
        """Name the routing context of this ASP on what another association brought."""
        if transfer.via is self or any(server.routing_context == transfer.routing_context for server in self.joined):
            return transfer
        server = next((server for server in self.joined if self in server.active), None)
        if server is not None:
            transfer.routing_context = server.routing_context
        return transfer

    def carriers(self, transfer: Transfer) -> Sequence[Carrier] | None:
        """Choose by the traffic mode of the server that the request came for."""
        server = self._gateway.servers.get(transfer.routing_context)
        if server is None:
            server = next(iter(self.joined), None)
        return () if server is None else server.choose(self, transfer)

    def reaches(self, point_code: int) -> bool:
        """Tell whether this ASP is active for a server of that point code; a server without any takes all."""
        return any(
            self in server.active and (point_code in server.point_codes or not server.config.point_codes)
            for server in self.joined
        )


def _mode_of(parameters: Parameters) -> TrafficMode | None:
    number = messages.number_of(parameters, Tag.TRAFFIC_MODE)
    if number is None:
        return None
    try:
        return TrafficMode(number)
    except ValueError:
        raise M3uaFault(ErrorCode.UNSUPPORTED_TRAFFIC_MODE, f"traffic mode {number}") from None
