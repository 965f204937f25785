"""What the associations of a signalling gateway share: application servers and the state of point codes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic

from hss.machine import Turn
from hss.sigtran.layer import L
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.application_server import PENDING_S, ApplicationServer, Process, ServerConfig
from hss.sigtran.m3ua.errors import M3uaFault
from hss.sigtran.m3ua.events import AsState, AsStateChanged, DestinationState
from schemas.numbers.m3ua import ErrorCode, Kind, Status, Tag

MOST_SERVERS: Final = 256  # where any routing context is taken

STATUS_OF: Final[Mapping[AsState, Status]] = {
    AsState.INACTIVE: Status.AS_INACTIVE,
    AsState.ACTIVE: Status.AS_ACTIVE,
    AsState.PENDING: Status.AS_PENDING,
}

# RFC 4666: the message that tells of each state.
NEWS_OF: Final[Mapping[DestinationState, Kind]] = {
    DestinationState.AVAILABLE: Kind.DAVA,
    DestinationState.UNAVAILABLE: Kind.DUNA,
    DestinationState.RESTRICTED: Kind.DRST,
    DestinationState.CONGESTED: Kind.SCON,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """What is configured of the gateway side.

    `point_code` None takes traffic for any; `servers` None takes any routing context. `notifies` is off between
    IPSPs in single exchange, where there is no signalling network behind us.
    """

    point_code: int | None = None
    network_appearance: int | None = None
    servers: tuple[ServerConfig, ...] | None = None
    pending_s: float = PENDING_S
    asp_up_s: float | None = 30.0  # an association without ASP Up for so long is closed
    blocked: bool = False  # management blocking: ASP Up is refused
    identifier_required: bool = False
    notifies: bool = True


class Gateway(Generic[L]):
    """Application servers by routing context, and what a DAUD is answered."""

    def __init__(self, config: GatewayConfig) -> None:
        self.config = config
        self.blocked = config.blocked
        self.servers: dict[int | None, ApplicationServer] = {
            server.routing_context: ApplicationServer(server, pending_s=config.pending_s)
            for server in config.servers or ()
        }
        self.destinations: dict[int, DestinationState] = {}
        self._pending: list[ApplicationServer] = []
        self.members: list[Process] = []

    def named(self, contexts: Iterable[int]) -> list[ApplicationServer]:
        """Find the servers of a Routing Context parameter; without one, those that there can be."""
        wanted = list(contexts)
        if self.config.servers is None:
            return [self._any(context) for context in wanted] or [self._any(None)]
        unknown = [context for context in wanted if context not in self.servers]
        if unknown:
            raise M3uaFault(
                ErrorCode.INVALID_ROUTING_CONTEXT,
                f"no application server has routing context {unknown[0]}",
                parameters=((Tag.ROUTING_CONTEXT, messages.words(unknown)),),
            )
        return [self.servers[context] for context in wanted] or list(self.servers.values())

    def _any(self, context: int | None) -> ApplicationServer:
        server = self.servers.get(context)
        if server is None:
            if len(self.servers) >= MOST_SERVERS:
                raise M3uaFault(ErrorCode.NO_CONFIGURED_AS, "too many routing contexts")
            server = ApplicationServer(ServerConfig(routing_context=context), pending_s=self.config.pending_s)
            self.servers[context] = server
        return server

    def check_appearance(self, appearance: int | None) -> None:
        """Refuse a network appearance other than the configured one."""
        own = self.config.network_appearance
        if own is not None and appearance is not None and appearance != own:
            raise M3uaFault(
                ErrorCode.INVALID_NETWORK_APPEARANCE,
                f"network appearance {appearance}",
                parameters=((Tag.NETWORK_APPEARANCE, messages.word(appearance)),),
            )

    # State of servers.

    def announce(self, server: ApplicationServer, turn: Turn[L], asker: Process | None = None) -> None:
        """Tell all members of a server its new state; `asker`'s message goes into `turn`."""
        turn.events.append(AsStateChanged(routing_context=server.routing_context, state=server.state))
        self._pending = [each for each in self.servers.values() if each.state is AsState.PENDING]
        status = STATUS_OF.get(server.state)
        if status is not None:
            for member in server.members:
                self.notify(member, status, server, turn, asker=asker)

    def notify(
        self,
        member: Process,
        status: Status,
        server: ApplicationServer,
        turn: Turn[L],
        *,
        asker: Process | None = None,
        about: Process | None = None,
    ) -> None:
        """Send NTFY to one member."""
        if not self.config.notifies:
            return
        octets = messages.notify(status, server.routing_context, None if about is None else about.identifier)
        if member is asker:
            turn.send.append(octets)
            return
        member.push_turn(Turn(send=[octets]))

    @property
    def deadline(self) -> float | None:
        """When the next pending server expires."""
        if not self._pending:
            return None
        return min((server.pending_until for server in self._pending if server.pending_until is not None), default=None)

    def wake(self, turn: Turn[L], *, now: float, asker: Process | None = None) -> None:
        """Let pending servers expire."""
        for server in list(self._pending):
            if server.expire(now=now):
                self.announce(server, turn, asker)

    # State of point codes.

    def state_of(self, point_code: int) -> DestinationState:
        """Say whether a point code can be reached through this gateway."""
        own = self.config.point_code
        known = self.destinations.get(point_code)
        if known is not None:
            return known
        if own is None or point_code == own:
            return DestinationState.AVAILABLE
        served = any(server.active and point_code in server.point_codes for server in self.servers.values())
        return DestinationState.AVAILABLE if served else DestinationState.UNAVAILABLE

    def set_destination(self, point_code: int, state: DestinationState) -> None:
        """Change the state of a point code and tell all active ASPs."""
        self.destinations[point_code] = state
        for server in self.servers.values():
            octets = self.news(state, [point_code], server.routing_context)
            for member in self.members:
                if member in server.active:
                    member.push_turn(Turn(send=[octets]))

    def news(self, state: DestinationState, affected: Iterable[int], context: int | None = None) -> bytes:
        """Write DUNA, DAVA, DRST or SCON about point codes (with their masks)."""
        appearance = self.config.network_appearance
        named = [] if appearance is None else [(int(Tag.NETWORK_APPEARANCE), messages.word(appearance))]
        level = [(int(Tag.CONGESTION), messages.word(1))] if state is DestinationState.CONGESTED else []
        return messages.write(
            NEWS_OF[state],
            [
                *named,
                *messages.routing_contexts([context]),
                (Tag.AFFECTED_POINT_CODE, messages.words(affected)),
                *level,
            ],
        )
