"""The connectionless service of SCCP: routing, delivery, return, segmentation. Source: ITU-T Q.714."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol

from hss.machine import Event
from hss.sigtran.layer import Duty, L, Layer, earliest
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.sccp.address import Address, read_address
from hss.sigtran.sccp.management import ANSWER_TO, StatusMessage
from hss.sigtran.sccp.messages import DATA_TYPES, MOST_UDT_OCTETS, Message, Segmentation, Unitdata
from hss.sigtran.sccp.reassembly import Reassembly, ReassemblyFailed
from schemas.addresses import GlobalTitle
from schemas.numbers.sccp import (
    MOST_SEGMENTS,
    RETURN_ON_ERROR,
    Management,
    NumberingPlan,
    ReturnCause,
    Subsystem,
    Type,
)
from schemas.octets import DecodeError

SERVICE_OF: Final = {Type.UDT: Type.UDTS, Type.XUDT: Type.XUDTS, Type.LUDT: Type.LUDTS}
MOST_WAYS: Final = 4096  # pairs of addresses whose answers are remembered as far as the user data
PLANS: Final = frozenset({NumberingPlan.E164, NumberingPlan.E212, NumberingPlan.E214})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """N-NOTICE: what was sent came back. `data` is the user data that could not be delivered."""

    cause: int
    called: bytes
    calling: bytes
    data: bytes


class UnitdataUser(Layer[Unitdata, L], Protocol[L]):
    """The user of SCCP."""

    def answer_at_once(self, data: bytes, *, now: float) -> tuple[bytes, Event] | None:
        """Answer user data with user data for one unitdata, and what to report.

        It is all that `receive` would do; None: nothing was done, `receive` has to do it.
        """
        ...

    def notice(self, notice: Notice, *, now: float) -> Duty[Unitdata, L]:
        """Hear that a message came back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Where a global title leads."""

    point_code: int
    subsystem: int | None = None


class Translator(Protocol):
    """Global title translation."""

    def translate(self, title: GlobalTitle) -> Translation | None:
        """Find the next node of a title; None: there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SccpConfig:
    """What is configured of SCCP.

    `titles` are the beginnings of the global titles that are ours; empty: every title with a subsystem of ours is.
    `own` is the calling address of answers; None: the called address of the request. `gateway` is the point code
    that gets what no translation leads elsewhere.
    """

    subsystems: frozenset[int] = frozenset({int(Subsystem.HLR)})
    point_code: int = 0
    network_indicator: int = 2
    titles: tuple[str, ...] = ()
    own: Address | None = None
    gateway: int | None = None
    segment_octets: int = 200
    return_on_error: bool = True  # of what we begin
    most_reassemblies: int = 1000
    reassembly_s: float = 10.0  # T(reass) of Q.714: 10 to 20 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded(Event):
    """An SCCP message was dropped because no rule gives it an answer."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned(Event):
    """An SCCP message could not be delivered; `told` says whether its sender heard of it."""

    cause: ReturnCause
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsystemNews(Event):
    """Another node told of the state of a subsystem."""

    news: int
    subsystem: int
    point_code: int


class Sccp(Generic[L]):
    """SCCP of one node: the user of M3UA, with one user of its own for all its subsystems."""

    def __init__(self, config: SccpConfig, user: UnitdataUser[L], translator: Translator | None = None) -> None:
        self._config = config
        self._user = user
        self._translator = translator
        self._reassembly = Reassembly(most=config.most_reassemblies, within_s=config.reassembly_s)
        self._reference = 0
        self._own = None if config.own is None else config.own.encode()
        self._ways: dict[bytes, bytes] = {}  # beginnings of UDT: of a request and of its answer

    @property
    def deadline(self) -> float | None:
        """The first of user and reassembly."""
        return earliest(self._user.deadline, self._reassembly.deadline)

    def receive(self, primitive: Transfer, *, now: float) -> Duty[Transfer, L]:
        """Take one message of the network; the usual one is answered at once."""
        data = primitive.data
        at = 4 + data[4] if len(data) > 4 else 0
        way = self._ways.get(data[:at])
        if way is not None and at < len(data) == at + 1 + data[at]:
            answer = self._user.answer_at_once(data[at + 1 :], now=now)
            if answer is not None:
                octets, event = answer
                return Duty([primitive.back(way + bytes((len(octets),)) + octets)], [], [event])
        return self._receive(primitive, now)

    def _receive(self, primitive: Transfer, now: float) -> Duty[Transfer, L]:
        try:
            message = Message.decode(primitive.data)
            if message.type in DATA_TYPES:
                return self._route(message, primitive, now)
            notice = Notice(cause=message.code, called=message.called, calling=message.calling, data=message.data)
        except DecodeError as error:
            return Duty(events=[Discarded(why=str(error))])
        return self._down(self._user.notice(notice, now=now))

    def resume(self, late: L, *, now: float) -> Duty[Transfer, L]:
        """Pass on."""
        return self._down(self._user.resume(late, now=now))

    def wake(self, *, now: float) -> Duty[Transfer, L]:
        """Give up unfinished messages, and pass on."""
        events: list[Event] = [Discarded(why="segments are missing")] * self._reassembly.expire(now=now)
        duty = self._down(self._user.wake(now=now))
        duty.events += events
        return duty

    # Routing control (Q.714).

    def _route(self, message: Message, transfer: Transfer, now: float) -> Duty[Transfer, L]:
        address = read_address(message.called)
        subsystem = address.subsystem
        if address.title is not None and not address.on_subsystem:
            if not self._is_own(address.title):
                return self._relay(address.title, message, transfer)
            subsystem = subsystem or Subsystem.HLR
        if subsystem in self._config.subsystems:
            return self._deliver(message, transfer, now)
        if subsystem == Subsystem.MANAGEMENT:
            return self._manage(message, transfer)
        return self._return(message, transfer, ReturnCause.UNEQUIPPED_USER)

    def _is_own(self, title: GlobalTitle) -> bool:
        titles = self._config.titles
        return title.digits.startswith(titles) if titles else title.indicator != 4 or title.plan in PLANS

    def _relay(self, title: GlobalTitle, message: Message, transfer: Transfer) -> Duty[Transfer, L]:
        found = None if self._translator is None else self._translator.translate(title)
        if found is None or found.point_code == self._config.point_code:
            unknown = title.indicator == 4 and title.plan not in PLANS
            cause = ReturnCause.NO_TRANSLATION_FOR_NATURE if unknown else ReturnCause.NO_TRANSLATION_FOR_ADDRESS
            return self._return(message, transfer, cause)
        data = transfer.data
        if message.type is not Type.UDT:
            if message.hops <= 1:
                return self._return(message, transfer, ReturnCause.HOP_COUNTER_VIOLATION)
            data = data[:2] + bytes((message.hops - 1,)) + data[3:]
        onward = Transfer(
            opc=self._config.point_code,
            dpc=found.point_code,
            data=data,
            sls=transfer.sls,
            network_indicator=transfer.network_indicator,
        )
        return Duty(send=[onward])

    def _deliver(self, message: Message, transfer: Transfer, now: float) -> Duty[Transfer, L]:
        data: bytes | None = message.data
        sequenced = message.sequenced
        if message.segmentation is not None:
            sequenced = message.segmentation.sequenced
            try:
                data = self._reassembly.take(transfer.opc, message, message.segmentation, now=now)
            except ReassemblyFailed as failed:
                return self._return(message, transfer, failed.cause)
        if data is None:
            return Duty()
        unitdata = Unitdata(
            called=message.called,
            calling=message.calling,
            data=data,
            sequenced=sequenced,
            return_on_error=message.return_on_error,
            origin=transfer,
        )
        if message.type is Type.UDT:
            self._learn_way(message, transfer.data, unitdata)
        return self._down(self._user.receive(unitdata, now=now))

    def _learn_way(self, message: Message, octets: bytes, asked: Unitdata) -> None:
        """Remember how answers begin to a UDT that begins like this one.

        All that decides about that, but the user data, stands before these where the parts are in the usual order.
        """
        start = octets[: 4 + octets[4]]
        if start in self._ways or octets != message.encode():
            return
        if len(self._ways) >= MOST_WAYS:
            self._ways.clear()
        (answer,) = self._octets(asked.back(b""))
        self._ways[start] = answer[:-1]  # without the length of the user data

    def _return(self, message: Message, transfer: Transfer, cause: ReturnCause) -> Duty[Transfer, L]:
        """Send the message back where its sender asked for that (Q.714)."""
        event = Returned(cause=cause, told=message.return_on_error)
        if not message.return_on_error:
            return Duty(events=[event])
        service = Message(
            type=SERVICE_OF[message.type],
            code=cause,
            called=message.calling,
            calling=message.called,
            data=message.data,
            segmentation=message.segmentation,
        )
        return Duty(send=[transfer.back(service.encode())], events=[event])

    def _manage(self, message: Message, transfer: Transfer) -> Duty[Transfer, L]:
        news = StatusMessage.decode(message.data)
        answer = ANSWER_TO.get(Management(news.format)) if news.format in set(Management) else None
        if answer is None:
            event = SubsystemNews(news=news.format, subsystem=news.subsystem, point_code=news.point_code)
            return Duty(events=[event])
        if news.subsystem not in self._config.subsystems:
            return Duty(events=[Discarded(why=f"test of subsystem {news.subsystem}, which is not here")])
        content = StatusMessage(format=answer, subsystem=news.subsystem, point_code=news.point_code).encode()
        answered = Message(
            type=Type.UDT,
            code=0,
            called=_management_address(transfer.opc),
            calling=_management_address(transfer.dpc),
            data=content,
        )
        return Duty(send=[transfer.back(answered.encode())])

    # What the user sends.

    def _down(self, duty: Duty[Unitdata, L]) -> Duty[Transfer, L]:
        send: list[Transfer] = []
        for unitdata in duty.send:
            self._send(unitdata, send, duty.events)
        return Duty(send, duty.later, duty.events)

    def send(self, duty: Duty[Unitdata, L]) -> Duty[Transfer, L]:
        """Take what the user sends without being asked."""
        return self._down(duty)

    def _send(self, unitdata: Unitdata, send: list[Transfer], events: list[Event]) -> None:
        octets = self._octets(unitdata)
        if not octets:
            events.append(Discarded(why=f"user data of {len(unitdata.data)} octets are too long"))
        elif unitdata.origin is not None:
            send += [unitdata.origin.back(each) for each in octets]
        else:
            to = self._destination(read_address(unitdata.called))
            if to is None:
                events.append(Discarded(why="no translation for the called address"))
            else:
                send += [self._begin(each, to) for each in octets]

    def _begin(self, octets: bytes, to: int) -> Transfer:
        config = self._config
        return Transfer(opc=config.point_code, dpc=to, data=octets, network_indicator=config.network_indicator)

    def _destination(self, called: Address) -> int | None:
        if called.point_code is not None:
            return called.point_code
        found = None
        if called.title is not None and self._translator is not None:
            found = self._translator.translate(called.title)
        return self._config.gateway if found is None else found.point_code

    def _octets(self, unitdata: Unitdata) -> Sequence[bytes]:
        calling = unitdata.calling
        answering = unitdata.origin is not None
        if answering and self._own is not None and not calling[0] & 0x40:
            calling = self._own  # TS 29.002 §6.1.3: own title, unless addressed by point code and subsystem
        code = (1 if unitdata.sequenced else 0) | (RETURN_ON_ERROR if unitdata.return_on_error and not answering else 0)
        data, called = unitdata.data, unitdata.called
        if len(data) <= MOST_UDT_OCTETS and len(called) + len(calling) < 240:
            ends = 3 + len(called)
            head = bytes((Type.UDT, code, 3, ends, ends + len(calling), len(called)))
            return [head + called + bytes((len(calling),)) + calling + bytes((len(data),)) + data]
        return self._segments(
            Message(type=Type.XUDT, code=code | 1, called=called, calling=calling, data=data), unitdata
        )

    def _segments(self, whole: Message, unitdata: Unitdata) -> list[bytes]:
        """Cut into XUDT segments, which travel in sequence (Q.714)."""
        size = self._config.segment_octets
        pieces = [whole.data[at : at + size] for at in range(0, len(whole.data), size)]
        if len(pieces) > MOST_SEGMENTS:
            return []
        self._reference = self._reference + 1 & 0xFFFFFF
        for index, piece in enumerate(pieces):
            whole.data = piece
            whole.segmentation = Segmentation(
                first=index == 0,
                sequenced=unitdata.sequenced,
                remaining=len(pieces) - index - 1,
                reference=self._reference,
            )
            pieces[index] = whole.encode()
        return pieces


def _management_address(point_code: int) -> bytes:
    return Address(subsystem=Subsystem.MANAGEMENT, point_code=point_code & 0x3FFF, on_subsystem=True).encode()
