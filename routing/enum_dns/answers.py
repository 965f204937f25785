"""Answers of the ENUM server: computed from the tables by `route`, never from a zone; no wildcards."""

from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from routing.decision import route
from routing.enum_dns.naptr import sip_record, tel_record
from routing.enum_dns.wire import (
    OUR_UDP_OCTETS,
    TCP_OCTETS,
    BadQuestion,
    NotAnswered,
    Question,
    Record,
    name_octets,
    read_question,
    write_answer,
)
from routing.normalise import DEFAULT_PROFILE, Kind, Profile
from routing.plan import Plan, Query
from routing.portability import ported_uri
from routing.ports import State
from routing.tables import Tables
from schemas.numbers.dns import RecordClass, RecordType, ResponseCode

FIRST_PREFERENCE: Final = 10  # and steps of it
_SOA: Final = Struct(">IIIII")
_DIGITS: Final = frozenset(bytes([digit]) for digit in b"0123456789")
_WITH_DATA: Final = frozenset({RecordType.NAPTR, RecordType.ANY})
_CLASSES: Final = frozenset({RecordClass.IN, RecordClass.ANY})
_TRANSFERS: Final = frozenset({RecordType.AXFR, RecordType.IXFR})
_NO_NAME: Final = "invalid"  # the top of names that nobody has (RFC 6761 §6.4)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumSettings:
    """How the ENUM server answers. `ttl_s` also is the negative TTL; `most_records` = E2U+sip records of one answer.

    `porting` = give number portability as E2U+pstn:tel (RFC 4769), in private trees only.
    `name_server` stands in the SOA record; one below `invalid` is no NS record: nobody could find the server by it.
    """

    profile: Profile = DEFAULT_PROFILE
    ttl_s: int = 0
    most_records: int = 8
    porting: bool = False
    seed: int = 0
    name_server: str = "ns.invalid"
    mailbox: str = "hostmaster.invalid"
    suffix: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    soa_names: bytes = field(init=False, repr=False, compare=False)
    server: bytes | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare the names that every answer needs."""
        suffix = tuple(label.encode("ascii") for label in self.profile.enum_suffix.split("."))
        object.__setattr__(self, "suffix", suffix)
        server = name_octets(self.name_server)
        object.__setattr__(self, "soa_names", server + name_octets(self.mailbox))
        nobody = self.name_server.strip(".").lower().rpartition(".")[2] == _NO_NAME
        object.__setattr__(self, "server", None if nobody else server)


def answer(
    message: bytes, tables: Tables, state: State, settings: EnumSettings, *, at: float = 0.0, tcp: bool = False
) -> bytes | None:
    """Answer one message; None where nothing is to be sent. Never raises for what a message holds.

    There is no zone that could be transferred: AXFR and IXFR are refused.
    """
    try:
        question = read_question(message)
    except NotAnswered:
        return None
    except BadQuestion as bad:
        return bad.octets
    limit = TCP_OCTETS if tcp else min(question.payload, OUR_UDP_OCTETS)
    size = len(settings.suffix)
    suffix = tuple([label.lower() for label in question.labels[-size:]])
    if suffix != settings.suffix or question.record_class not in _CLASSES or question.type in _TRANSFERS:
        return write_answer(question, ResponseCode.REFUSED, authoritative=False, limit=limit)
    code, records = _look_up(question, question.labels[:-size], tables, state, settings, at)
    if records:
        return write_answer(question, code, records, limit=limit)
    authority = () if code is ResponseCode.SERVFAIL else (_soa(question, tables, settings),)
    return write_answer(question, code, authority=authority, limit=limit)


def _look_up(  # noqa: PLR0917 - what a question is answered from
    question: Question, labels: tuple[bytes, ...], tables: Tables, state: State, settings: EnumSettings, at: float
) -> tuple[ResponseCode, tuple[Record, ...]]:
    if not labels:
        return ResponseCode.NOERROR, _of_apex(question, tables, settings)
    if not _DIGITS.issuperset(labels):
        return ResponseCode.NXDOMAIN, ()
    name = b".".join(labels).decode("ascii") + "." + settings.profile.enum_suffix
    query = Query(
        called=name,
        kind=Kind.ENUM,
        profile=settings.profile,
        at=at,
        seed=settings.seed,
        follow=False,
        explain=False,
    )
    plan = route(query, tables, state)
    code = response_code(plan)
    if code is not ResponseCode.NOERROR or question.type not in _WITH_DATA:
        return code, ()
    return code, _records(plan, settings)


def _of_apex(question: Question, tables: Tables, settings: EnumSettings) -> tuple[Record, ...]:
    """Give the records of the apex that are asked for: SOA, and NS where the server has a name."""
    found: list[Record] = []
    if question.type in {RecordType.SOA, RecordType.ANY}:
        found.append(_soa(question, tables, settings))
    if question.type in {RecordType.NS, RecordType.ANY} and settings.server is not None:
        found.append(Record(0, RecordType.NS, settings.ttl_s, settings.server))
    return tuple(found)


def response_code(plan: Plan) -> ResponseCode:
    """Say what an outcome is in DNS: incomplete is an empty name with names below it, unknown is no name."""
    return {404: ResponseCode.NXDOMAIN, 503: ResponseCode.SERVFAIL}.get(plan.outcome.sip or 0, ResponseCode.NOERROR)


def _records(plan: Plan, settings: EnumSettings) -> tuple[Record, ...]:
    data: list[bytes | None] = []
    if plan.outcome.sip is not None:
        return ()
    if settings.porting:
        data.append(tel_record(FIRST_PREFERENCE, portable_uri(plan)))
    if plan.icscf is not None:
        first = FIRST_PREFERENCE * (len(data) + 1)
        members = plan.icscf.ranking.order[: settings.most_records]
        data += [sip_record(first + FIRST_PREFERENCE * at, member) for at, member in enumerate(members)]
    return tuple([Record(0, RecordType.NAPTR, settings.ttl_s, octets) for octets in data if octets is not None])


def portable_uri(plan: Plan) -> str:
    """Write the called number with what is known of its porting."""
    return ported_uri("" if plan.number is None else plan.number.digits, plan.portability)


def _soa(question: Question, tables: Tables, settings: EnumSettings) -> Record:
    """Write the SOA record of the apex; the serial number is the generation of the tables (RFC 1035 §3.3.13)."""
    apex = question.name_octets - len(name_octets(settings.profile.enum_suffix))
    times = _SOA.pack(tables.generation & 0xFFFFFFFF, 3600, 600, 86400, settings.ttl_s)
    return Record(apex, RecordType.SOA, settings.ttl_s, settings.soa_names + times)
