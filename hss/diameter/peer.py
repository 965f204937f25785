"""One connection to a peer, from the capabilities exchange to the farewell (RFC 6733 5).

The same machine accepts (`expected_host` is None) and initiates. Requests of applications go to the dispatcher; what
belongs to the base protocol stays here: one table says which base message means what in which state.
"""

import contextlib
from collections.abc import Callable, Mapping
from math import inf
from typing import ClassVar, Final

from hss.diameter import capabilities
from hss.diameter.answers import Answers, assemble, detail, result
from hss.diameter.codec import Header, Reader, encoded
from hss.diameter.dictionary import COMMANDS, ERROR_ANSWER, base, command_name, grammar
from hss.diameter.dispatch import OTHER, Caller
from hss.diameter.errors import (
    SUCCESS,
    CommandUnsupported,
    InvalidHeaderBits,
    InvalidMessageLength,
    LocalError,
    RemoteError,
    ReservedHeaderBit,
    TooBusy,
    UnknownPeer,
    UnsupportedVersion,
    outcome_of,
    result_name,
)
from hss.diameter.events import (
    BadLength,
    ConnectionDropped,
    MessageIgnored,
    PeerClosed,
    PeerOpened,
    PeerRefused,
    PeerRestarted,
    RequestRefused,
    WatchdogChanged,
)
from hss.diameter.link import Link, Request, State, Surroundings, end_to_end_identifiers
from hss.diameter.local import SecondConnection
from hss.diameter.peers import Challenger, Peer, PeerView
from hss.diameter.pending import Pending, Waiting, failure, outcome_in, report
from hss.diameter.watchdog import Action, Input, Watchdog
from hss.machine import Turn
from schemas.numbers.diameter import (
    HEADER_OCTETS,
    VERSION,
    Application,
    BaseAvp,
    BaseCommand,
    DisconnectCause,
    Flag,
)

__all__ = ["Link", "PeerMachine", "Request", "State", "Surroundings", "end_to_end_identifiers"]

CE: Final = BaseCommand.CAPABILITIES_EXCHANGE
DW: Final = BaseCommand.DEVICE_WATCHDOG
DP: Final = BaseCommand.DISCONNECT_PEER
DISCONNECT_CAUSE: Final = base(BaseAvp.DISCONNECT_CAUSE)
ORIGIN_STATE_ID: Final = base(BaseAvp.ORIGIN_STATE_ID)
REQUEST: Final = int(Flag.REQUEST)  # the first bit of the flags
NO_APPLICATION: Final = bytes(4)  # as it stands in the header of a base message

Outlet = Callable[[Turn[bytes]], None]


def _unattached(turn: Turn[bytes]) -> None:
    raise LocalError(f"nothing carries out turns from outside: {turn}")


class PeerMachine:
    """One end of one connection. `outlet` carries out turns that another connection or the process asks for."""

    def __init__(self, around: Surroundings, link: Link) -> None:
        self.outlet: Outlet = _unattached
        self._around = around
        self._local = around.local
        self._dispatcher = around.dispatcher
        self._link = link
        self._answers = Answers(around.local)
        self._watchdog = Watchdog(around.local.twinit_s)
        self._state = State.CLOSED
        self._until = inf  # of what the state waits for
        self._peer = capabilities.NOBODY
        self._caller = Caller(frozenset())
        self._challenger: Challenger | None = None
        self._old: Peer | None = None
        self._held_cer = b""
        self._pending = Pending(link.hop_by_hop, around.end_to_end)
        self._late = 0  # requests of the peer that are being worked out
        self._since = 0.0
        self._draining: DisconnectCause | None = None
        self._may_reconnect = True

    @property
    def state(self) -> State:
        """Where the connection stands."""
        return self._state

    @property
    def origin_host(self) -> str:
        """Name of the peer, empty where it is not known yet."""
        return self._peer.origin_host

    @property
    def deadline(self) -> float | None:
        """When `wake` wants to be called."""
        watchdog = self._watchdog.deadline
        first = min(self._until, self._pending.timeout, inf if watchdog is None else watchdog)
        return None if first == inf else first

    def view(self) -> PeerView:
        """Describe an open peer."""
        return PeerView(
            origin_host=self._peer.origin_host,
            origin_realm=self._peer.origin_realm,
            product_name=self._peer.product_name,
            applications=self._caller.applications,
            watchdog=self._watchdog.state,
            initiator=self._link.expected_host is not None,
            since=self._since,
            open_requests=self._late,
        )

    # What the driver calls.

    def connected(self, *, now: float) -> Turn[bytes]:
        """Wait for the CER of the peer, or send ours."""
        turn: Turn[bytes] = Turn()
        host = self._link.expected_host
        if host is None:
            self._state, self._until = State.WAIT_CER, now + self._local.cer_s
        else:
            if host:
                self._around.table.begin(host, self)
            self._state, self._until = State.WAIT_CEA, now + self._local.cea_s
            self._ask(CE, capabilities.written(self._local, self._answers, self._addresses, None), turn)
        return turn

    def receive(self, data: bytes, *, now: float) -> Turn[bytes]:
        """Take one whole message from a transport that keeps edges."""
        turn: Turn[bytes] = Turn()
        said = int.from_bytes(data[1:4], "big")
        if len(data) < HEADER_OCTETS:
            self.lose(len(data), f"a header alone has {HEADER_OCTETS} octets", data, turn, now=now)
        elif said == len(data) and not said % 4:
            self.take(data, turn, now=now)
        elif self._state is State.OPEN and data[4] & Flag.REQUEST:
            self._heard(turn, now)
            self._refuse(data, InvalidMessageLength(f"{len(data)} octets came, the header says {said}"), turn)
        elif self._state is State.OPEN:
            self._ignore(f"an answer of {len(data)} octets, its header says {said}", turn)
        else:
            self._close(f"a message of {len(data)} octets, its header says {said}", turn, now=now)
        return turn

    def take(self, message: bytes, turn: Turn[bytes], *, now: float) -> None:
        """Take one message whose length is what its header says, and add to `turn` what it asks of the world."""
        if (
            self._state is State.OPEN
            and message[4] >= REQUEST
            and message[0] == VERSION
            and message[8:12] != NO_APPLICATION
            and self._watchdog.heard(now=now)
        ):
            self._serve(message, turn, now)
        else:
            self._take_other(message, turn, now)

    def lose(self, octets: int, rule: str, first: bytes, turn: Turn[bytes], *, now: float) -> None:
        """End the connection at once: a message of so many `octets` breaks a `rule`; what follows cannot be read."""
        turn.events.append(BadLength(origin_host=self.origin_host, octets=octets, rule=rule, first=first))
        self._close("a bad message length", turn, now=now)
        turn.reset = True

    def resume(self, late: bytes, *, now: float) -> Turn[bytes]:
        """Send an answer that took its time."""
        turn: Turn[bytes] = Turn()
        self._late -= 1
        if self._state is State.OPEN:
            turn.send.append(late)
            if self._draining is not None and not self._late:
                self._say_goodbye(self._draining, turn, now)
        return turn

    def wake(self, *, now: float) -> Turn[bytes]:
        """Look at what is due."""
        turn: Turn[bytes] = Turn()
        if self._until <= now:
            self._until = inf
            self._waited_enough(turn, now)
        if self._pending.timeout <= now:
            self._fail(self._pending.take_due(now), "no answer in time", turn)
        due = self._watchdog.deadline
        if due is not None and due <= now:
            self._watch(self._watchdog.expired(), turn, now)
        return turn

    def disconnected(self, *, now: float) -> Turn[bytes]:
        """Hear that the connection is gone."""
        turn: Turn[bytes] = Turn()
        if self._state is not State.CLOSED:
            self._close("the connection is gone", turn, now=now)
        turn.close = False
        return turn

    # What the process calls; the turn goes through the driver's `carry_out`.

    def shut_down(self, *, now: float, cause: DisconnectCause = DisconnectCause.REBOOTING) -> Turn[bytes]:
        """Answer what is open, say goodbye, and close (RFC 6733 5.4)."""
        turn: Turn[bytes] = Turn()
        if self._state is not State.OPEN:
            self._close("we are shutting down", turn, now=now)
        elif self._late:
            self._draining, self._until = cause, now + self._local.drain_s
        else:
            self._say_goodbye(cause, turn, now)
        return turn

    def request(self, request: Request, *, now: float, timeout_s: float) -> Turn[bytes]:
        """Send a request of our own; `Answered` or `RequestFailed` comes with its token."""
        return self._send(self._pending.written(request), request.token, now, timeout_s)

    def repeat(self, octets: bytes, token: object, *, now: float, timeout_s: float) -> Turn[bytes]:
        """Send a request again that had no answer on another connection (T flag, RFC 6733 3)."""
        again = octets[:4] + (octets[4] | Flag.RETRANSMITTED).to_bytes(1, "big") + octets[5:]
        return self._send(again, token, now, timeout_s)

    def _send(self, octets: bytes, token: object, now: float, timeout_s: float) -> Turn[bytes]:
        turn: Turn[bytes] = Turn()
        if self._state is State.OPEN and self._draining is None:
            turn.send.append(self._pending.send(octets, token, now=now, timeout_s=timeout_s))
        else:
            turn.events.append(failure(Waiting(token, now, now, octets), self.origin_host, "the peer is not open"))
        return turn

    # What another connection calls.

    def challenge(self, challenger: Challenger) -> bool:
        """Find out whether the connection is alive, for a newer one of the same host; False: one waits already."""
        if self._challenger is not None:
            return False
        turn: Turn[bytes] = Turn()
        self._challenger = challenger
        self._watch_out(turn)
        self.outlet(turn)
        return True

    def end(self, why: str, *, now: float) -> None:
        """Close from outside."""
        if self._state is State.CLOSED:
            return
        turn: Turn[bytes] = Turn()
        self._challenger = None
        self._close(why, turn, now=now)
        turn.reset = True
        self.outlet(turn)

    def stand_back(self, *, now: float) -> None:
        """Hear that the old connection of this host is alive."""
        if self._state is State.WAIT_OLD:
            turn: Turn[bytes] = Turn()
            self._close("its host has a connection that is alive", turn, now=now)
            self.outlet(turn)

    def take_over(self, *, now: float) -> None:
        """Hear that the old connection of this host is gone."""
        if self._state is State.WAIT_OLD:
            turn: Turn[bytes] = Turn()
            self._open(self._held_cer, turn, now)
            self.outlet(turn)

    # Messages.

    def _serve(self, message: bytes, turn: Turn[bytes], now: float) -> None:
        """Let the dispatcher answer a request of an application."""
        if self._late >= self._local.requests_open_limit:
            turn.send.append(
                self._dispatcher.refuse(message, TooBusy("too many requests of this peer are open"), OTHER)
            )
            return
        answer = self._dispatcher.answer(message, self._caller, now=now)
        if isinstance(answer, bytes):
            turn.send.append(answer)
        else:
            self._late += 1
            turn.later.append(answer)

    def _take_other(self, message: bytes, turn: Turn[bytes], now: float) -> None:
        """Take a message in the order of checks that is right in every state."""
        header = Header.decode(message)
        if self._state is State.WAIT_CER and not _is_cer(header):
            self._close("the first message is no CER", turn, now=now)
            return
        if not self._heard(turn, now, header):
            return
        try:
            if header.version != VERSION:
                raise UnsupportedVersion(f"version {header.version}")
            if not header.is_request:
                self._take_answer(header, message, turn, now)
            elif header.flags & Flag.ERROR:
                raise InvalidHeaderBits("a request with the E bit")
            else:
                self._take_request(header, message, turn, now)
        except RemoteError as error:
            self._refuse(message, error, turn)

    def _take_request(self, header: Header, message: bytes, turn: Turn[bytes], now: float) -> None:
        handle = self.REQUESTS.get((self._state, header.command)) if not header.application else None
        if handle is not None:
            if header.flags & Flag.PROXIABLE:
                raise InvalidHeaderBits("a base command with the P bit")
            if self._local.strict and header.flags & Flag.RESERVED:
                raise ReservedHeaderBit("a reserved command flag is set")
            handle(self, message, turn, now)
        elif self._state is State.OPEN and not header.application:
            raise CommandUnsupported(f"the base protocol has no command {header.command} here")
        elif self._state is State.OPEN:
            self._serve(message, turn, now)
        elif self._state in (State.WAIT_CEA, State.WAIT_OLD):
            self._close("a request before the capabilities exchange is done", turn, now=now)
        else:
            self._ignore("a request after the farewell", turn)

    def _take_answer(self, header: Header, message: bytes, turn: Turn[bytes], now: float) -> None:
        waiting = self._pending.take(header.hop_by_hop)
        if waiting is not None:
            turn.events.append(report(waiting, message, self.origin_host, now=now))
            return
        is_ours = self._pending.asked(header.hop_by_hop) == header.command
        handle = self.ANSWERS.get((self._state, header.command)) if is_ours else None
        if handle is not None:
            self._pending.answered(header.hop_by_hop)
            handle(self, message, turn, now)
        elif self._state is State.WAIT_CEA:
            self._close("the first message is no CEA", turn, now=now)
        else:
            self._ignore("an answer that nothing waits for", turn)

    # Capabilities exchange.

    def _take_cer(self, message: bytes, turn: Turn[bytes], now: float) -> None:
        """Open, refuse, or wait for what becomes of another connection of this host (RFC 6733 5.3, 5.6)."""
        try:
            avps = capabilities.request_reader(strict=self._local.strict).read(message)
            peer = capabilities.Capabilities.of(avps)
            self._check_peer(peer)
        except RemoteError as error:
            self._refuse_peer(message, error, turn, now)
            return
        self._peer = peer
        if self._state is State.OPEN:
            self._answer_cer(message, turn)
        elif self._wins_election(turn, now):
            self._open_or_challenge(message, turn, now)

    def _check_peer(self, peer: capabilities.Capabilities) -> None:
        if self._state is State.OPEN and peer.origin_host.lower() != self.origin_host.lower():
            raise UnknownPeer(f"{peer.origin_host} had another name when the connection was opened")
        if self._local.is_named(peer.origin_host):
            raise UnknownPeer(f"{peer.origin_host} is our own name")
        accept = self._local.accept_unknown_peers if self._link.accept_unknown is None else self._link.accept_unknown
        admitted = self._around.peers.admits(peer.origin_host.lower())
        if admitted is False or (admitted is None and not accept):
            raise UnknownPeer(f"{peer.origin_host} is not one of the peers that may connect")
        self._caller.applications = peer.common(self._local.applications)
        peer.check_security()

    def _refuse_peer(self, message: bytes, error: RemoteError, turn: Turn[bytes], now: float) -> None:
        outcome, host = outcome_of(error), capabilities.claimed_host(message)
        turn.events.append(PeerRefused(origin_host=host, code=outcome.code, why=error.why))
        avps = capabilities.written(self._local, self._answers, self._addresses, outcome) + detail(error)
        turn.send.append(assemble(message, b"", avps, error=outcome.is_protocol_error))
        self._close("", turn, now=now)

    def _wins_election(self, turn: Turn[bytes], now: float) -> bool:
        """Where we connect to this host too, keep the connection that the greater name has made (RFC 6733 5.6.4)."""
        other = self._around.table.connecting(self.origin_host)
        if other is None:
            return True
        if self._local.origin_host.lower() > self.origin_host.lower():
            other.end("the connection that the peer made is kept", now=now)
            return True
        self._close("the connection that we made is kept", turn, now=now)
        return False

    def _open_or_challenge(self, message: bytes, turn: Turn[bytes], now: float) -> None:
        old = self._around.table.open_one(self.origin_host)
        policy = self._local.second_connection
        if old is None or policy is SecondConnection.ALLOW:
            self._open(message, turn, now)
        elif policy is SecondConnection.REPLACE:
            old.end("a new connection of its host replaces it", now=now)
            self._open(message, turn, now)
        else:
            self._held_cer, self._old = message, old
            self._state, self._until = State.WAIT_OLD, now + self._local.probe_s
            if not old.challenge(self):
                self._close("another new connection of its host came before", turn, now=now)

    def _open(self, cer: bytes, turn: Turn[bytes], now: float) -> None:
        self._answer_cer(cer, turn)
        self._opened(turn, now)
        if self._link.keeps_edges:  # RFC 6733 2.1.1: the first message after the CEA ends the need for order
            self._watch_out(turn)

    def _answer_cer(self, cer: bytes, turn: Turn[bytes]) -> None:
        turn.send.append(assemble(cer, b"", capabilities.written(self._local, self._answers, self._addresses, SUCCESS)))

    def _take_cea(self, message: bytes, turn: Turn[bytes], now: float) -> None:
        """Open, or end: with anything but success the connection is of no use (RFC 6733 5.6)."""
        rules = ERROR_ANSWER if message[4] & Flag.ERROR else COMMANDS[Application.BASE, CE].answer
        try:
            avps = Reader(grammar(rules), forgiving=True).read(message)
            outcome = outcome_in(avps)
            self._peer = capabilities.Capabilities.of(avps)
            if outcome == SUCCESS:
                self._caller.applications = self._peer.common(self._local.applications)
        except RemoteError as error:
            turn.events.append(PeerRefused(origin_host=self.origin_host, code=0, why=error.why))
            self._close("", turn, now=now)
            return
        if outcome != SUCCESS:
            code, name = (outcome.code, result_name(outcome)) if outcome else (0, "an answer without a result")
            why = f"the peer refuses us: {name}"
            turn.events.append(PeerRefused(origin_host=self.origin_host, code=code, why=why))
            self._close("", turn, now=now)
        else:
            self._opened(turn, now)

    def _opened(self, turn: Turn[bytes], now: float) -> None:
        peer = self._peer
        self._state, self._until, self._since = State.OPEN, inf, now
        table = self._around.table
        table.remove(self._link.expected_host or "", self)
        table.add(peer.origin_host, self)
        turn.events.append(
            PeerOpened(
                origin_host=peer.origin_host,
                origin_realm=peer.origin_realm,
                applications=self._caller.applications,
                product_name=peer.product_name,
                origin_state_id=peer.origin_state_id,
            )
        )
        self._note_state_id(peer.origin_state_id, turn)
        self._watch(Input.CONNECTION_UP_AGAIN if self._link.reconnected else Input.CONNECTION_UP, turn, now)

    # Watchdog.

    def _take_dwr(self, message: bytes, turn: Turn[bytes], now: float) -> None:  # noqa: ARG002 - as the table has it
        avps = _DWR.read(message)
        turn.send.append(assemble(message, b"", self._answers.head(Application.BASE, SUCCESS)))
        self._note_state_id(avps.value(ORIGIN_STATE_ID), turn)

    def _take_dwa(self, message: bytes, turn: Turn[bytes], now: float) -> None:
        """Hear that the peer is alive, whatever its result is; the watchdog has heard of it already."""
        with contextlib.suppress(RemoteError):
            self._note_state_id(_DWA.read(message).value(ORIGIN_STATE_ID), turn)
        if self._challenger is not None:
            challenger, self._challenger = self._challenger, None
            challenger.stand_back(now=now)

    def _heard(self, turn: Turn[bytes], now: float, header: Header | None = None) -> bool:
        """Tell the watchdog of a message; False: it is to be thrown away."""
        if self._state is not State.OPEN:
            return True
        is_dwa = header is not None and not header.is_request and self._pending.asked(header.hop_by_hop) == DW
        return self._watch(Input.RECEIVE_DWA if is_dwa else Input.RECEIVE_OTHER, turn, now)

    def _watch(self, event: Input, turn: Turn[bytes], now: float) -> bool:
        """Apply an event to the watchdog and do what it asks for."""
        before = self._watchdog.state
        actions = self._watchdog.take(event, now=now, jitter_s=self._around.jitter())
        if self._watchdog.state is not before:
            turn.events.append(WatchdogChanged(origin_host=self.origin_host, state=self._watchdog.state))
        if Action.SEND_WATCHDOG in actions:
            self._watch_out(turn)
        if Action.FAILOVER in actions:
            self._fail(self._pending.take_all(), "the peer does not answer the watchdog", turn)
        if Action.CLOSE in actions:
            self._close("the peer does not answer the watchdog", turn, now=now)
        return Action.THROWAWAY not in actions

    def _watch_out(self, turn: Turn[bytes]) -> None:
        if not self._pending.is_asked(DW):
            self._ask(DW, self._answers.origin + self._answers.state, turn)

    def _note_state_id(self, state_id: int | None, turn: Turn[bytes]) -> None:
        before = self._around.table.risen(self.origin_host, state_id)
        if before is not None and state_id is not None:
            turn.events.append(PeerRestarted(origin_host=self.origin_host, before=before, after=state_id))

    # Farewell.

    def _take_dpr(self, message: bytes, turn: Turn[bytes], now: float) -> None:
        """Answer, and leave the closing to the peer for a while (RFC 6733 5.4); faults of a DPR are forgiven."""
        cause = None
        with contextlib.suppress(RemoteError):
            cause = _DPR.read(message).value(DISCONNECT_CAUSE)
        self._may_reconnect = cause in (None, DisconnectCause.REBOOTING)
        turn.send.append(assemble(message, b"", result(SUCCESS) + self._answers.origin))
        self._farewell(State.LEAVING, now + self._local.leave_s)

    def _say_goodbye(self, cause: DisconnectCause, turn: Turn[bytes], now: float) -> None:
        self._draining = cause
        self._ask(DP, self._answers.origin + encoded(DISCONNECT_CAUSE, cause), turn)
        self._farewell(State.WAIT_DPA, now + self._local.dpa_s)

    def _farewell(self, state: State, until: float) -> None:
        self._state, self._until = state, until
        self._watchdog = Watchdog(self._local.twinit_s)
        self._around.table.remove(self.origin_host, self)

    def _take_dpa(self, message: bytes, turn: Turn[bytes], now: float) -> None:  # noqa: ARG002 - as the table has it
        self._close("we have said goodbye", turn, now=now)

    # Ends.

    def _waited_enough(self, turn: Turn[bytes], now: float) -> None:
        if self._state is State.OPEN and self._draining is not None:
            self._say_goodbye(self._draining, turn, now)
        elif self._state is State.WAIT_OLD and self._old is not None:
            self._old.end("it did not answer when a new connection of its host came", now=now)
            self._open(self._held_cer, turn, now)
        else:
            self._close(f"it {self._state.value}, for too long", turn, now=now)

    def _close(self, why: str, turn: Turn[bytes], *, now: float) -> None:
        """End the connection, and tell everybody whom it concerns; `why` is empty where an event has told already."""
        was_open = self._state in (State.OPEN, State.WAIT_DPA, State.LEAVING)
        self._state, self._until = State.CLOSED, inf
        self._watchdog = Watchdog(self._local.twinit_s)
        self._around.table.remove(self.origin_host or self._link.expected_host or "", self)
        self._fail(self._pending.take_all(), why, turn)
        if was_open:
            turn.events.append(PeerClosed(origin_host=self.origin_host, why=why, may_reconnect=self._may_reconnect))
        elif why:
            turn.events.append(ConnectionDropped(why=why))
        turn.close = True
        if self._challenger is not None:
            challenger, self._challenger = self._challenger, None
            challenger.take_over(now=now)

    def _fail(self, requests: list[Waiting], why: str, turn: Turn[bytes]) -> None:
        turn.events.extend(failure(waiting, self.origin_host, why) for waiting in requests)

    def _ignore(self, why: str, turn: Turn[bytes]) -> None:
        turn.events.append(MessageIgnored(origin_host=self.origin_host, why=why))

    def _refuse(self, message: bytes, error: RemoteError, turn: Turn[bytes]) -> None:
        header = Header.decode(message)
        if not header.is_request:
            self._ignore(error.why, turn)
            return
        command = command_name(header.application, header.command, request=True)
        turn.send.append(self._answers.refusal(message, error))
        turn.events.append(
            RequestRefused(origin_host=self.origin_host, command=command, outcome=outcome_of(error), why=error.why)
        )

    def _ask(self, command: int, avps: bytes, turn: Turn[bytes]) -> None:
        """Send a base request of ours."""
        turn.send.append(self._pending.ask(command, avps))

    @property
    def _addresses(self) -> tuple[str, ...]:
        return self._link.host_addresses or self._local.host_addresses

    Handler = Callable[["PeerMachine", bytes, Turn[bytes], float], None]
    REQUESTS: ClassVar[Mapping[tuple[State, int], Handler]] = {
        (State.WAIT_CER, CE): _take_cer,
        (State.OPEN, CE): _take_cer,  # RFC 3588: capabilities may be told anew
        (State.OPEN, DW): _take_dwr,
        (State.WAIT_DPA, DW): _take_dwr,
        (State.OPEN, DP): _take_dpr,
        (State.WAIT_DPA, DP): _take_dpr,  # both sides said goodbye at once
    }
    ANSWERS: ClassVar[Mapping[tuple[State, int], Handler]] = {
        (State.WAIT_CEA, CE): _take_cea,
        (State.OPEN, DW): _take_dwa,
        (State.WAIT_DPA, DP): _take_dpa,
        (State.LEAVING, DP): _take_dpa,  # the peer's DPR has crossed ours
    }


_DWR: Final = Reader(grammar(COMMANDS[Application.BASE, DW].request))
_DWA: Final = Reader(grammar(COMMANDS[Application.BASE, DW].answer), forgiving=True)
_DPR: Final = Reader(grammar(COMMANDS[Application.BASE, DP].request))


def _is_cer(header: Header) -> bool:
    return (
        header.is_request
        and header.version == VERSION
        and header.command == CE
        and header.application == Application.BASE
    )
