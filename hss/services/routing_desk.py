"""Questions about routing as JSON values in and out: what the management API and the command line have in common."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from math import isfinite
from typing import Any, Final

from hss.services.routing import RoutingService, summary
from hss.services.routing_fields import QueryRefused
from hss.services.routing_queries import Reader, difference, reader, shown
from routing.devices import MOST_EVENTS, DeviceEvent, DeviceRefused
from routing.gateway import FromIam, GatewaySettings
from routing.plan import Plan, Query
from routing.simulation import Line, NotPlayed, Played, play
from routing.tables import Conflict, Tables, contradictions
from schemas.octets import DecodeError

Json = Mapping[str, Any]

MOST_QUERIES: Final = 10_000  # of one document; a stream has no bound
SIMULATION: Final = ("devices", "rung_out", "recurse")  # what stands beside the query
COMPARISON: Final = ("old", "new", "queries")
IAM: Final = ("iam", "with_circuit", "isup_body", "host", "port")
GATEWAY: Final = ("at", "seed", "suppose", "operator", "profile")  # of a query: what counts for the call of an IAM
LONGEST_AFTER_S: Final = 86_400.0
_DEVICE_RULE: Final = "must be text like `180@1 200@12`, `302@1=sip:new@192.0.2.9`, `503@0`, `error@2` or `silent`"
_NEXT_CONTACT: Final = re.compile(r",(?=[A-Za-z][A-Za-z0-9+.-]*:)")
_CONTACT: Final = re.compile(
    r"""sips?:([^@<>"]+@)?([a-z0-9]([a-z0-9.-]*[a-z0-9.])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?([;?][^@<>"]*)?\Z""",
    re.IGNORECASE,
)


class RoutingDesk:
    """Asks the routing service; `at` is the time of a question that names none, in seconds since 1970."""

    def __init__(self, service: RoutingService) -> None:
        self.service: Final = service

    def reader(self, *, at: float, defaults: Json, beside: tuple[str, ...] = ()) -> Reader:
        """Make a reader; `defaults` is a query without a number, which stood `beside` others. Raises `QueryRefused`."""
        found = self._reader(at)
        return found.defaults(defaults, beside=beside) if defaults else found

    async def plan(self, queries: Reader, body: object) -> Plan:
        """Route one number; raise `QueryRefused` or `NotReady`."""
        plan = self.service.route(queries.read(body))
        return plan if isinstance(plan, Plan) else await plan

    async def plan_of(self, query: Query) -> Plan:
        """Route one number."""
        plan = self.service.route(query)
        return plan if isinstance(plan, Plan) else await plan

    async def answer(self, queries: Reader, body: object, view: str) -> Json:
        """Answer one query of many: a plan, or an object with `error` where it is no query."""
        try:
            return shown(await self.plan(queries, body), view)
        except QueryRefused as error:
            return refusal(error)

    async def one(self, body: Json, view: str, *, at: float) -> Json:
        """Answer one query; raise `QueryRefused` or `NotReady`."""
        return shown(await self.plan(self.reader(at=at, defaults={}), body), view)

    async def several(self, body: Json, view: str, *, at: float) -> AsyncIterator[Json]:
        """Answer a document with `queries`; whatever else stands in it counts for all of them."""
        common = {name: value for name, value in body.items() if name != "queries"}
        queries = self.reader(at=at, defaults=common, beside=("queries",))
        for one in listed(body):
            yield await self.answer(queries, one, view)

    async def from_iam(self, body: Json, *, at: float) -> Json:
        """Turn an ISUP IAM (`iam`, hexadecimal) into the SIP INVITE that a gateway would send."""
        octets, with_circuit = _octets(body.get("iam")), _flag(body, "with_circuit")
        settings = self._gateway(body, at)
        try:
            found = self.service.from_iam(octets, settings, with_circuit=with_circuit)
        except DecodeError as error:
            raise QueryRefused("iam", f"{error}") from error
        return _written(found if isinstance(found, FromIam) else await found)

    async def simulate(self, body: Json, *, at: float) -> Json:
        """Play the call to a number against `devices`, by branch or contact; `recurse` = call the targets of a 3xx."""
        given = body.get("devices")
        devices = _devices({} if given is None else given)
        rung_out = body.get("rung_out")
        if rung_out is not None and not (type(rung_out) is int and 300 <= rung_out <= 699):
            raise QueryRefused("rung_out", "must be a final status from 300 to 699")
        recurse = _flag(body, "recurse")
        query = {name: value for name, value in body.items() if name not in SIMULATION}
        plan = await self.plan(replace(self.reader(at=at, defaults={}), beside=SIMULATION), query)
        played = _play(plan, devices, rung_out, recurse=recurse)
        return {
            "plan": shown(plan, "text"),
            "ladder": [line._asdict() for line in played.lines],
            "lines": [ladder_line(line) for line in played.lines],
            "status": played.status,
            "answered_s": played.answered_s,
            "ended_s": played.ended_s,
        }

    async def differences(self, body: Json, *, at: float) -> AsyncIterator[Json | None]:
        """Compare two generations number by number: None where both do the same; what is no query has `error`."""
        old, new = (self.service.generation(_number(body, name)).tables for name in ("old", "new"))
        common = {name: value for name, value in body.items() if name not in COMPARISON}
        queries = self.reader(at=at, defaults=common, beside=COMPARISON)
        for one in listed(body):
            try:
                query = queries.read(one)
            except QueryRefused as error:
                yield refusal(error)
                continue
            (soon,) = self.service.differences(old, new, [query])
            found = soon if isinstance(soon, list) else await soon
            yield difference(found[0]) if found else None

    def tables(self) -> Json:
        """Say which generation is in use, and which earlier ones can be compared with it."""
        pinned = self.service.pinned
        kept = [{**summary(one), "kept": one.tables.generation in pinned} for one in self.service.generations()]
        nodes = _nodes(self.service.current.tables)
        return {"ready": self.service.ready, **kept[-1], "nodes": nodes, "earlier": [dict(one) for one in kept[:-1]]}

    def keep(self) -> Json:
        """Keep the generation in use until it is let go; raise `TooManyKept` or `NotReady`."""
        return {**summary(self.service.pin()), "kept": True}

    def check(self, limit: int) -> Json:
        """List rows that contradict each other; walks over every number."""
        tables = self.service.current.tables
        found: Sequence[Conflict] = list(islice(contradictions(tables), limit + 1))
        shown_ones = [one._asdict() for one in found[:limit]]
        return {"generation": tables.generation, "conflicts": shown_ones, "more": len(found) > limit}

    def _reader(self, at: float) -> Reader:
        """Begin with the dial plans that the tables have, and the domain below which ENUM answers."""
        return reader(self.service.current.profiles, at=at, profile=self.service.profile)

    def _gateway(self, body: Json, at: float) -> GatewaySettings:
        given = {name: value for name, value in body.items() if name not in IAM}
        queries = replace(self._reader(at), fields=GATEWAY)
        query = queries.defaults(given, beside=IAM).basis
        host, port = body.get("host", "gateway.invalid"), body.get("port", 5060)
        if not isinstance(host, str) or not host.isascii() or not host.isprintable() or not 0 < len(host) < 254:
            raise QueryRefused("host", "must be a host name")
        if type(port) is not int or not 0 < port < 65536:
            raise QueryRefused("port", "must be a port number")
        return GatewaySettings(
            profile=query.profile,
            host=host,
            port=port,
            isup_body=_flag(body, "isup_body"),
            at=query.at,
            seed=query.seed,
            suppose=query.suppose,
        )


def _nodes(tables: Tables) -> list[str]:
    """List the entry nodes and the I-CSCFs of all operators."""
    found = tables.operators.values()
    return sorted({node.host for one in found for node in (*one.entries, *one.pool.members)})


def refusal(error: QueryRefused, *, line: int | None = None) -> Json:
    """Write what stands in the place of a plan where a query is refused; `line` = where it was, counted from 1."""
    place = {} if line is None else {"line": line}
    return {"error": {**place, "field": error.field, "rule": error.rule}}


def comparison(found: Sequence[Json | None]) -> Json:
    """Write what came out of a comparison; `query` = the place of a refused query, counted from 1."""
    refused = [{"query": at, **one["error"]} for at, one in enumerate(found, 1) if one and "error" in one]
    differences = [one for one in found if one and "error" not in one]
    return {"compared": len(found) - len(refused), "differences": differences, "refused": refused}


def listed(body: Json) -> Sequence[object]:
    """Take the queries out of a document."""
    queries = body.get("queries")
    if not isinstance(queries, list):
        raise QueryRefused("queries", "must be a list of queries")
    if len(queries) > MOST_QUERIES:
        raise QueryRefused("queries", f"may have at most {MOST_QUERIES} entries; more of them go as a stream of lines")
    return queries


def ladder_line(line: Line) -> str:
    """Write one line of a ladder for a person."""
    status = "" if line.status is None else f" {line.status}"
    why = "" if line.why is None else f"  ({line.why})"
    return f"{line.at_s:>8.1f} s  {line.branch or 'caller':<7} {line.what}{status}{why}"


def _number(body: Json, name: str) -> int:
    found = body.get(name)
    if type(found) is not int:
        raise QueryRefused(name, "must be the number of a generation")
    return found


def _flag(body: Json, name: str) -> bool:
    found = body.get(name, False)
    if not isinstance(found, bool):
        raise QueryRefused(name, "must be true or false")
    return found


def _octets(text: object) -> bytes:
    try:
        return bytes.fromhex(text if isinstance(text, str) else "not hexadecimal")
    except ValueError as error:
        raise QueryRefused("iam", "must be the octets of the message in hexadecimal") from error


def _written(found: FromIam) -> Json:
    iam, invite, hop = found.iam, found.invite, found.next_hop
    calling = iam.calling
    return {
        "iam": {
            "circuit": iam.circuit,
            "translated": iam.translated,
            "category": iam.category,
            "medium": iam.medium,
            "called": iam.called_octets.hex(" "),
            "ported": None if iam.ported is None else iam.ported.hex(" "),
            "calling": None if calling is None else {**calling._asdict(), "signals": calling.signals._asdict()},
        },
        "plan": shown(found.plan, "text"),
        "invite": None if invite is None else invite.partition(b"\r\n\r\n")[0].decode("ascii"),
        "invite_octets": None if invite is None else invite.hex(),
        "next_hop": None if hop is None else {"host": hop.host, "port": hop.port, "transport": hop.transport},
        "release_cause": found.release_cause,
    }


def _play(plan: Plan, devices: Mapping[str, Iterable[DeviceEvent]], rung_out: int | None, *, recurse: bool) -> Played:
    try:
        return play(plan, devices, rung_out=rung_out, recurse=recurse)
    except NotPlayed as error:
        raise QueryRefused("called", f"cannot be played: {error}") from error
    except DeviceRefused as error:
        raise QueryRefused(f"devices.{error.name}", error.why) from error


def _devices(body: object) -> Mapping[str, Iterable[DeviceEvent]]:
    if not isinstance(body, Mapping):
        raise QueryRefused("devices", "must be an object: branch or contact, and what its device does")
    devices = {str(name): _script(f"devices.{name}", value) for name, value in body.items()}
    if sum(map(len, devices.values())) > MOST_EVENTS:
        raise QueryRefused("devices", f"may have at most {MOST_EVENTS} events")
    return devices


def _script(path: str, text: object) -> list[DeviceEvent]:
    """Read `180@1 200@12`: a status, or `error`, and the seconds after the INVITE when it comes.

    Behind the time of a 3xx stand its contacts, as `302@1=sip:a@192.0.2.9,sip:b@192.0.2.9`.
    """
    if not isinstance(text, str):
        raise QueryRefused(path, _DEVICE_RULE)
    return [] if text.strip() == "silent" else [_event(path, word) for word in text.split()]


def _event(path: str, word: str) -> DeviceEvent:
    answer, moved, targets = word.partition("=")
    what, _, when = answer.partition("@")
    try:
        after_s = float(when or 0)
        status = None if what == "error" else int(what)
    except ValueError as error:
        raise QueryRefused(path, _DEVICE_RULE) from error
    if not (isfinite(after_s) and 0 <= after_s <= LONGEST_AFTER_S) or not (status is None or 100 <= status <= 699):
        raise QueryRefused(path, _DEVICE_RULE)
    if moved and status not in range(300, 400):
        raise QueryRefused(path, f"only a 3xx has contacts: {answer}")
    return DeviceEvent(after_s, status, _contacts(path, targets) if moved else ())


def _contacts(path: str, text: str) -> tuple[str, ...]:
    contacts = tuple(_NEXT_CONTACT.split(text))
    for contact in contacts:
        if not _CONTACT.match(contact):
            raise QueryRefused(
                path, f"the contacts of a 3xx are sip or sips URIs with commas between them: {contact!r}"
            )
    return contacts
