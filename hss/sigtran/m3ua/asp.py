"""The application server process's end of an association: it connects to a gateway, an STP or an IPSP."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

from hss.machine import Turn
from hss.sigtran.layer import L, Layer, earliest
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.association import Association, Pulse
from hss.sigtran.m3ua.errors import M3uaFault
from hss.sigtran.m3ua.events import (
    AspState,
    AspStateChanged,
    DestinationChanged,
    DestinationState,
    Notified,
    UserUnavailable,
)
from hss.sigtran.m3ua.links import Carrier, Links
from hss.sigtran.m3ua.messages import Parameters, Transfer
from schemas.numbers.m3ua import ErrorCode, Kind, Status, Tag, TrafficMode

MASK: Final = 0xFFFFFF
MOST_DESTINATIONS: Final = 10_000

# What each message of RFC 4666 tells of a point code.
STATE_OF: Final[Mapping[Kind, DestinationState]] = {
    Kind.DUNA: DestinationState.UNAVAILABLE,
    Kind.DAVA: DestinationState.AVAILABLE,
    Kind.SCON: DestinationState.CONGESTED,
    Kind.DRST: DestinationState.RESTRICTED,
}
_STATUSES: Final[Mapping[int, Status]] = {status.value: status for status in Status}


@dataclass(frozen=True, slots=True, kw_only=True)
class AspConfig:
    """What is configured of an ASP."""

    identifier: int | None = None
    routing_contexts: tuple[int, ...] = ()
    mode: TrafficMode | None = None
    network_appearance: int | None = None
    answer_s: float = 2.0  # T(ack) of RFC 4666: a request is repeated after so long
    most_tries: int = 5
    audit_s: float = 5.0  # between DAUDs while a point code is not available
    stop_s: float = 1.0  # how long an end in good order may take


class Goal(StrEnum):
    """Where the machine wants to be."""

    ACTIVE = "active"
    GONE = "gone"


class Asp(Association[L]):
    """One association of an ASP, or of an IPSP that asks first (single exchange).

    The same machine serves one connection after the other: `connected` starts again.
    """

    def __init__(
        self, config: AspConfig, user: Layer[Transfer, L], links: Links[L], pulse: Pulse | None = None
    ) -> None:
        super().__init__(user, links, pulse or Pulse())
        self._config = config
        self._goal = Goal.ACTIVE
        self._request: bytes | None = None
        self._request_at: float | None = None
        self._tries = 0
        self._audit_at: float | None = None
        self.state = AspState.DOWN
        self.destinations: dict[int, DestinationState] = {}
        self._handlers: Final[Mapping[Kind, Callable[[Parameters, Turn[L], float], None]]] = {
            Kind.ASPUP_ACK: self._on_up_ack,
            Kind.ASPDN_ACK: self._on_down_ack,
            Kind.ASPAC_ACK: self._on_active_ack,
            Kind.ASPIA_ACK: self._on_inactive_ack,
            Kind.BEAT: self.on_beat,
            Kind.BEAT_ACK: self.on_beat_ack,
            Kind.ERR: self._on_refusal,
            Kind.NTFY: self._on_notify,
            Kind.DUPU: self._on_user_unavailable,
            **{kind: partial(self._on_news, state) for kind, state in STATE_OF.items()},
        }

    @property
    def handlers(self) -> Mapping[Kind, Callable[[Parameters, Turn[L], float], None]]:
        """What to do with each kind of message."""
        return self._handlers

    # Coming and going.

    def connected(self, *, now: float) -> Turn[L]:
        """Say ASP Up."""
        turn: Turn[L] = Turn()
        self._goal = Goal.ACTIVE
        self._links.join(self)
        self.start_pulse(now)
        self._ask_up(turn, now)
        return turn

    def stop(self, *, now: float) -> Turn[L]:
        """End in good order: ASP Inactive, ASP Down, then close; after `stop_s` without them."""
        turn: Turn[L] = Turn()
        self._goal = Goal.GONE
        self.stop_pulse()
        if self.state is AspState.ACTIVE:
            self._ask(messages.write(Kind.ASPIA, messages.routing_contexts(self._config.routing_contexts)), turn, now)
        elif self.state is AspState.INACTIVE:
            self._ask(messages.write(Kind.ASPDN), turn, now)
        else:
            turn.close = True
        self._request_at = now + self._config.stop_s
        return turn

    def disconnected(self, *, now: float) -> Turn[L]:  # noqa: ARG002 - the contract of a machine
        """Forget what the connection knew."""
        turn: Turn[L] = Turn()
        self.stop_pulse()
        self._links.leave(self)
        self.destinations.clear()
        self._request = self._request_at = self._audit_at = None
        self._change(AspState.DOWN, turn)
        return turn

    def _ask(self, octets: bytes, turn: Turn[L], now: float) -> None:
        self._request, self._request_at, self._tries = octets, now + self._config.answer_s, 1
        turn.send.append(octets)

    def _ask_up(self, turn: Turn[L], now: float) -> None:
        identifier = self._config.identifier
        named = [] if identifier is None else [(int(Tag.ASP_IDENTIFIER), messages.word(identifier))]
        self._ask(messages.write(Kind.ASPUP, named), turn, now)

    def _ask_active(self, turn: Turn[L], now: float) -> None:
        mode = self._config.mode
        named = [] if mode is None else [(int(Tag.TRAFFIC_MODE), messages.word(mode))]
        contexts = messages.routing_contexts(self._config.routing_contexts)
        self._ask(messages.write(Kind.ASPAC, [*named, *contexts]), turn, now)

    @property
    def deadline(self) -> float | None:
        """The first of heart beat, user, repetition and audit."""
        return earliest(earliest(super().deadline, self._request_at), self._audit_at)

    def wake(self, *, now: float) -> Turn[L]:
        """Take the time: repeat what was not answered, audit what is not available."""
        turn = super().wake(now=now)
        if self._request_at is not None and now >= self._request_at:
            self._repeat(turn, now)
        if self._audit_at is not None and now >= self._audit_at:
            self._audit(turn, now)
        return turn

    def _repeat(self, turn: Turn[L], now: float) -> None:
        self._request_at = None
        if self._goal is Goal.GONE:
            turn.close = True
        elif self._request is None:
            self._ask_active(turn, now)
        elif self._tries >= self._config.most_tries:
            self.give_up("no answer to ASP Up or ASP Active", turn)
        else:
            self._tries += 1
            self._request_at = now + self._config.answer_s
            turn.send.append(self._request)

    # Acknowledgements, RFC 4666. One that nobody asked for means that the other end started again.

    def _on_up_ack(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        self._change(AspState.INACTIVE, turn)
        if self._goal is Goal.ACTIVE:
            self._ask_active(turn, now)

    def _on_active_ack(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        if self.state is AspState.DOWN:
            raise M3uaFault(ErrorCode.UNEXPECTED_MESSAGE, "ASP Active Ack while down")
        if self._goal is Goal.ACTIVE:
            self._request = self._request_at = None
            self._change(AspState.ACTIVE, turn)

    def _on_inactive_ack(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        self._change(AspState.INACTIVE, turn)
        if self._goal is Goal.GONE:
            self._request = messages.write(Kind.ASPDN)
            turn.send.append(self._request)
        else:
            self._request, self._request_at = None, now + self._config.answer_s

    def _on_down_ack(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        self._change(AspState.DOWN, turn)
        if self._goal is Goal.GONE:
            self._request = self._request_at = None
            turn.close = True
        else:
            self._ask_up(turn, now)

    def _on_refusal(self, parameters: Parameters, turn: Turn[L], now: float) -> None:
        self.on_error(parameters, turn, now)
        if messages.number_of(parameters, Tag.ERROR_CODE) == ErrorCode.MANAGEMENT_BLOCKING:
            self.give_up("refused by management", turn)

    def _on_notify(self, parameters: Parameters, turn: Turn[L], now: float) -> None:
        number = messages.number_of(parameters, Tag.STATUS)
        if number is None:
            raise M3uaFault(ErrorCode.MISSING_PARAMETER, "NTFY without Status")
        contexts = messages.numbers_of(parameters, Tag.ROUTING_CONTEXT)
        status = _STATUSES.get(number, number)
        turn.events.append(Notified(status=status, routing_context=contexts[0] if contexts else None))
        if status is Status.ALTERNATE_ASP_ACTIVE and self.state is AspState.ACTIVE:
            self._change(AspState.INACTIVE, turn)
        elif status is Status.AS_PENDING and self.state is AspState.INACTIVE and self._goal is Goal.ACTIVE:
            self._ask_active(turn, now)

    def _change(self, state: AspState, turn: Turn[L]) -> None:
        if state is not self.state:
            self.state = state
            contexts = self._config.routing_contexts
            turn.events.append(AspStateChanged(state=state, routing_context=contexts[0] if contexts else None))

    # State of the signalling network, RFC 4666.

    def _on_news(self, state: DestinationState, parameters: Parameters, turn: Turn[L], now: float) -> None:
        for affected in messages.numbers_of(parameters, Tag.AFFECTED_POINT_CODE):
            point_code = affected & MASK
            turn.events.append(DestinationChanged(point_code=point_code, state=state))
            if state is DestinationState.AVAILABLE:
                self.destinations.pop(point_code, None)
            elif len(self.destinations) < MOST_DESTINATIONS:
                self.destinations[point_code] = state
        if self.destinations and self._audit_at is None:
            self._audit_at = now + self._config.audit_s
        elif not self.destinations:
            self._audit_at = None

    def _audit(self, turn: Turn[L], now: float) -> None:
        self._audit_at = now + self._config.audit_s
        contexts = messages.routing_contexts(self._config.routing_contexts)
        affected = (int(Tag.AFFECTED_POINT_CODE), messages.words(list(self.destinations)[:64]))
        turn.send.append(messages.write(Kind.DAUD, [*contexts, affected]))

    def _on_user_unavailable(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002
        for affected in messages.numbers_of(parameters, Tag.AFFECTED_POINT_CODE):
            turn.events.append(UserUnavailable(point_code=affected & MASK))

    # Traffic.

    def accept(self, transfer: Transfer, now: float) -> None:  # noqa: ARG002 - the other role needs it
        """Check state, routing context and network appearance."""
        if self.state is not AspState.ACTIVE:
            raise M3uaFault(ErrorCode.UNEXPECTED_MESSAGE, "DATA while not active")
        contexts, own = self._config.routing_contexts, self._config.network_appearance
        if contexts and transfer.routing_context is not None and transfer.routing_context not in contexts:
            value = messages.word(transfer.routing_context)
            raise M3uaFault(
                ErrorCode.INVALID_ROUTING_CONTEXT,
                f"routing context {transfer.routing_context}",
                parameters=((Tag.ROUTING_CONTEXT, value),),
            )
        if own is not None and transfer.network_appearance not in {None, own}:
            raise M3uaFault(ErrorCode.INVALID_NETWORK_APPEARANCE, "another network appearance")

    def label(self, transfer: Transfer) -> Transfer:
        """Add routing context and network appearance to what has none."""
        if transfer.routing_context is None and self._config.routing_contexts:
            transfer.routing_context = self._config.routing_contexts[0]
        if transfer.network_appearance is None:
            transfer.network_appearance = self._config.network_appearance
        return transfer

    def carriers(self, transfer: Transfer) -> Sequence[Carrier] | None:  # noqa: ARG002 - the other role needs it
        """Answer on the same association while it is active."""
        return (self,) if self.state is AspState.ACTIVE else ()

    def reaches(self, point_code: int) -> bool:
        """Tell whether traffic may go this way now."""
        return self.state is AspState.ACTIVE and self.destinations.get(point_code) is not DestinationState.UNAVAILABLE
