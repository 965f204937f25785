"""The API over records in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web_runner import BaseRunner

from hss.api.application import build_api
from hss.api.ports import ApiSettings, Services
from hss.services.administration import (
    BulkReport,
    NotFound,
    Page,
    Refused,
    RefusedLine,
    StillNeeded,
    Stored,
    Taken,
    VersionMismatch,
)
from hss.services.watching import ListenerReport, ListenerState, Readiness, Sample
from schemas.documents import Document, Registration, Subscriber
from schemas.states import RegistrationState


class Records:
    """A resource in memory. `interfere` runs before each write, as somebody who is faster."""

    def __init__(self, key: str, exact: bool = False) -> None:
        self.key = key
        self.exact = exact
        self.kept: dict[str, Stored[Any]] = {}
        self.needed: set[str] = set()
        self.broken: Exception | None = None
        self.interfere: Callable[[], None] = lambda: None

    def _check(self, expected: int | None, key: str) -> int:
        if self.broken:
            raise self.broken
        self.interfere()
        version = self.kept[key].version if key in self.kept else 0
        if expected is not None and expected != version:
            raise VersionMismatch(current=version or None)
        return version

    async def get(self, key: str) -> Stored[Any] | None:
        if self.broken:
            raise self.broken
        return self.kept.get(key)

    async def page(self, *, after: str | None, limit: int, filters: Mapping[str, str]) -> Page[Any]:
        if after == "refused":
            raise Refused("number", "is no place to begin")
        found = [
            self.kept[key]
            for key in sorted(self.kept)
            if key > (after or "") and self._fits(self.kept[key].document, filters)
        ]
        more = len(found) > limit
        return Page(items=found[:limit], next_after=found[limit - 1].key if more else None)

    def _fits(self, document: Any, filters: Mapping[str, str]) -> bool:
        return all(str(getattr(document, name)).startswith(value) for name, value in filters.items())

    async def put(self, key: str, document: Document, *, expected: int | None = None) -> Stored[Any]:
        version = self._check(expected, key)
        if getattr(document, "operator", None) == "nobody":
            raise Refused("operator", "there is no operator 'nobody'")
        if getattr(document, "home_domain", None) == "taken.example":
            raise Taken("home_domain", "belongs to operator 'first'")
        stored: Stored[Any] = Stored(key=key, document=document, version=version + 1, created=version == 0)
        self.kept[key] = replace(stored, created=False)
        return stored

    async def delete(self, key: str, *, expected: int | None = None) -> None:
        self._check(expected, key)
        if key not in self.kept:
            raise NotFound(f"there is no {key}")
        if key in self.needed:
            raise StillNeeded("name", "subscriptions depend on it: alice and 2 more")
        del self.kept[key]


class SubscriberRecords(Records):
    """Subscribers in memory; secrets are only remembered by their names."""

    async def put(self, key: str, document: Any, *, expected: int | None = None) -> Stored[Any]:
        old = self.kept.get(key)
        names = {one.nai: one.has_credentials for one in old.document.private_identities} if old else {}
        privates = [
            one.model_copy(
                update={
                    "credentials": None,
                    "has_credentials": names.get(one.nai, [])
                    if one.credentials is None
                    else sorted(one.credentials.model_dump(exclude_none=True)),
                }
            )
            for one in document.private_identities
        ]
        return await super().put(key, document.model_copy(update={"private_identities": privates}), expected=expected)

    def _fits(self, document: Subscriber, filters: Mapping[str, str]) -> bool:
        return all(self._fits_one(document, name, value) for name, value in filters.items())

    def _fits_one(self, document: Subscriber, name: str, value: str) -> bool:
        if name == "state":
            return value in [group.state for group in document.sets]
        if name == "scheme":
            return value in [one.scheme for one in document.private_identities]
        if name == "identity":
            return any(one.startswith(value) for one in _identities(document))
        return str(getattr(document, name)).startswith(value)

    async def find(self, identity: str) -> Stored[Any] | None:
        if self.broken:
            raise self.broken
        return next((one for one in self.kept.values() if identity in _identities(one.document)), None)

    async def register(self, uri: str, registration: Registration) -> Stored[Any]:
        stored = await self.find(uri)
        if stored is None:
            raise NotFound(f"there is no public identity {uri}")
        pending = registration.state == "authentication-pending"
        sets = [
            group.model_copy(
                update={"authentication_pending": True}
                if pending
                else {"state": RegistrationState(registration.state), "authentication_pending": False}
            )
            if uri in [one.uri for one in group.identities]
            else group
            for group in stored.document.sets
        ]
        change = {"sets": sets, "scscf": registration.scscf or stored.document.scscf}
        return await self.put(stored.key, stored.document.model_copy(update=change))


def _identities(document: Subscriber) -> set[str]:
    side = document.circuit_switched
    numbers = [*side.msisdns, side.imsi or "", *(one[1:] for one in side.msisdns)] if side else []
    privates = [text for one in document.private_identities for text in (one.nai, one.imsi or "")]
    publics = [one.uri for group in document.sets for one in group.identities]
    return {document.name, *numbers, *privates, *publics} - {""}


class BulkInMemory:
    """Counts lines: one that holds `bad` is refused, `break` raises, `wait` waits for the event."""

    def __init__(self) -> None:
        self.asked: dict[str, object] = {}
        self.lines: list[bytes] = []
        self.go_on = asyncio.Event()
        self.over = asyncio.Event()

    async def take(
        self, lines: AsyncIterator[bytes], *, form: str, batch: int = 5000, resume_behind: int = 0
    ) -> AsyncIterator[BulkReport]:
        self.asked = {"form": form, "batch": batch, "resume_behind": resume_behind}
        try:
            async for report in self._reports(lines, batch):
                yield report
        finally:
            self.over.set()

    async def _reports(self, lines: AsyncIterator[bytes], batch: int) -> AsyncIterator[BulkReport]:
        report = BulkReport()
        async for item in lines:
            for line in item.splitlines():
                self.lines.append(line)
                report.line += 1
                report.latest = []
                if line == b"break":
                    raise RuntimeError("the secret of the house")
                if line == b"wait":
                    await self.go_on.wait()
                if line == b"bad":
                    report.refused_count += 1
                    report.latest = [RefusedLine(line=report.line, field="name", rule="is bad")]
                else:
                    report.created += 1
                if report.line % batch == 0:
                    yield report
        report.latest = []
        yield report

    async def give(self, *, form: str, sealed: bool = False) -> AsyncIterator[bytes]:
        yield f"{form} {sealed}\n".encode()
        yield b"alice\n"


@dataclass
class Watched:
    """Health and figures."""

    now: Readiness = field(
        default_factory=lambda: Readiness(
            store_reachable=True,
            listeners=[ListenerReport(name="diameter-tcp", address="127.0.0.1:3868", state=ListenerState.LISTENING)],
            counts={"subscriptions": 3},
        )
    )
    figures: list[Sample] = field(
        default_factory=lambda: [
            Sample(name="homeward_requests", value=2, labels={"command": "LIR"}, help="Requests."),
            Sample(name="homeward_requests", value=5, labels={"command": "UAR"}),
            Sample(name="homeward_peers", value=1, kind="gauge"),
        ]
    )

    async def readiness(self) -> Readiness:
        return self.now

    def samples(self) -> Iterable[Sample]:
        return self.figures


class Server(TestServer):
    """Like the server of `hss serve`: a handler goes on when its caller leaves."""

    async def _make_runner(self, **options: Any) -> BaseRunner:
        return await super()._make_runner(**{**options, "handler_cancellation": False})


@dataclass
class Api:
    """A client of the API and what stands behind it."""

    client: TestClient[Any, Any]
    operators: Records
    subscribers: SubscriberRecords
    bulk: BulkInMemory
    watched: Watched

    async def ask(self, method: str, path: str, **options: Any) -> ClientResponse:
        if isinstance(options.get("json"), dict | list) and method == "PATCH":
            options.setdefault("headers", {}).setdefault("Content-Type", "application/merge-patch+json")
        return await self.client.request(method, path if path.startswith("/") else f"/api/v1/{path}", **options)

    async def problem(self, answer: ClientResponse, status: int, kind: str) -> dict[str, Any]:
        """Check that an answer is a problem of this kind."""
        body: dict[str, Any] = await answer.json(content_type="application/problem+json")
        assert (answer.status, body["type"]) == (status, f"urn:homeward:problem:{kind}"), body
        assert body["status"] == status
        assert body["title"]
        assert body["detail"]
        assert body["instance"] == answer.url.path
        return body


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Any]]:
    """Start the API, with settings and further routes if wanted."""
    clients: list[TestClient[Any, Any]] = []

    async def start_one(further: Iterable[Any] = (), **settings: Any) -> Api:
        operators, subscribers = Records("name"), SubscriberRecords("name")
        bulk, watched = BulkInMemory(), Watched()
        services = Services(
            operators=operators,
            icscf_pools=Records("name"),
            service_profiles=Records("name"),
            shared_filter_criteria_sets=Records("number"),
            subscribers=subscribers,
            diameter_peers=Records("origin_host"),
            number_blocks=Records("stem"),
            prefixes=Records("prefix"),
            ported_numbers=Records("number"),
            bulk=bulk,
            health=watched,
            counters=watched,
        )
        app = build_api(services, ApiSettings(**settings), further=further)
        client = TestClient(Server(app))
        await client.start_server()
        clients.append(client)
        return Api(client, operators, subscribers, bulk, watched)

    yield start_one
    for client in clients:
        await client.close()


@pytest.fixture
async def api(start: Callable[..., Any]) -> Api:
    """The API with its default settings, an operator and a subscriber."""
    made: Api = await start()
    assert (await made.ask("POST", "operators", json=OPERATOR)).status == 201
    assert (await made.ask("POST", "subscriptions", json=ALICE)).status == 201
    return made


OPERATOR = {
    "name": "mobile",
    "type": 1,
    "home_domain": "ims.example",
    "mcc": "262",
    "mnc": "01",
    "country_code": "49",
}
NAI = "262011234567890@ims.mnc001.mcc262.3gppnetwork.org"
ALICE = {
    "name": "alice",
    "operator": "mobile",
    "private_identities": [
        {"nai": NAI, "imsi": "262011234567890", "credentials": {"k": "0" * 32, "opc": "1" * 32}},
        {"nai": "laptop@ims.example", "scheme": "SIP Digest"},
    ],
    "sets": [
        {
            "identities": [{"uri": "tel:+491715407090"}, {"uri": "sip:alice@ims.example"}],
            "private_identities": [NAI],
        },
        {"identities": [{"uri": "sip:alice.work@ims.example", "barred": True}]},
    ],
    "circuit_switched": {"imsi": "262011234567890", "msisdns": ["+491715407090", "+491715407091"]},
}


@pytest.fixture
def alice() -> dict[str, Any]:
    """The document of the subscriber."""
    return ALICE


@pytest.fixture
def operator() -> dict[str, Any]:
    """The document of the operator."""
    return OPERATOR
