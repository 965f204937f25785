"""Two services on one PostgreSQL database: what one is told, the other one answers."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import pytest

from tests.contract.conftest import Cluster
from tests.service.conftest import Service, running
from tests.service.wire import Peer, until

SCSCF, OTHER = "sip:scscf1.ims.example", "sip:scscf2.ims.example"
ALICE = "sip:alice@ims.example"
LISTENING = "(query LIKE 'LISTEN%' OR query = 'SELECT 1')"  # of the latter kind is the question for a sign of life
Ask = Callable[..., tuple[int, str | None]]


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> str:
    return cluster.new_database()


@pytest.fixture(scope="module")
def pair(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Service]]:
    """Give two services with the same key for secrets."""
    key = ("--secrets-key-file", str(tmp_path_factory.mktemp("key") / "homeward.key"))
    wary = ("--accept-unknown-peers", "never")
    with running(database, *key) as here, running(database, *key, *wary) as there:
        here.put("diameter-peers", "icscf.ims.example")
        until(lambda: welcome(there, "icscf.ims.example"))
        here.put("operators", "mobile", type=1, home_domain="ims.example", country_code="49")
        yield here, there


def welcome(service: Service, host: str) -> bool:
    with Peer(service.address("diameter-tcp"), host=host) as peer:
        result = peer.capabilities().result
    assert result in (2001, 3010)
    return result == 2001


@pytest.fixture
def ask(pair: tuple[Service, Service]) -> Iterator[Ask]:
    """Give a function that asks the second service."""
    with Peer(pair[1].address("diameter-tcp")) as peer:
        peer.open()

        def asked(uri: str = ALICE, *further: Any, realm: str = "ims.example") -> tuple[int, str | None]:
            answer = peer.locate(uri, *further, realm=realm)
            return answer.result, answer.server

        yield asked


@pytest.fixture
def here(pair: tuple[Service, Service]) -> Iterator[Service]:
    """Give the first service, with a subscriber."""
    sets = [{"state": "registered", "identities": [{"uri": ALICE}]}]
    pair[0].put("subscriptions", "alice", operator="mobile", sets=sets, scscf={"name": SCSCF})
    yield pair[0]
    pair[0].call("DELETE", "subscriptions", "alice")


def heard(ask: Ask, *expected: Any, uri: str = ALICE, realm: str = "ims.example") -> None:
    """Wait until the second service answers so, and see that it goes on to."""
    until(lambda: ask(uri, realm=realm) == expected)
    assert [ask(uri, realm=realm) for _ in range(3)] == [expected] * 3


def test_state_and_s_cscf(here: Service, ask: Ask) -> None:
    heard(ask, 2001, SCSCF)
    here.put("public-identities", ALICE, "registration", state="not-registered")
    heard(ask, -5003, None)
    here.put("public-identities", ALICE, "registration", state="registered", scscf={"name": OTHER})
    heard(ask, 2001, OTHER)


def test_an_identity_that_was_answered_as_unknown_is_created_and_deleted(here: Service, ask: Ask) -> None:
    for name in ("bob", "carol"):
        uri = f"sip:{name}@ims.example"
        for _ in range(2):
            assert ask(uri) == ask(uri) == (-5001, None)
            here.put("subscriptions", name, operator="mobile", sets=[{"identities": [{"uri": uri}]}])
            heard(ask, -5003, None, uri=uri)
            here.delete("subscriptions", name)
            heard(ask, -5001, None, uri=uri)


def test_a_wildcard_and_a_home_domain(here: Service, ask: Ask) -> None:
    assert ask("sip:room7@ims.example") == (-5001, None)
    psi = {"uri": "sip:room!.*!@ims.example", "kind": "wildcarded-psi", "application_server": "sip:as.ims.example"}
    here.put("subscriptions", "rooms", operator="mobile", sets=[{"identities": [psi]}])
    heard(ask, 2001, "sip:as.ims.example", uri="sip:room7@ims.example")
    here.delete("subscriptions", "rooms")
    heard(ask, -5001, None, uri="sip:room7@ims.example")
    assert ask(realm="new.example") == (3003, None)
    here.put("operators", "new", type=1, home_domain="new.example", country_code="49")
    heard(ask, 2001, SCSCF, realm="new.example")
    here.delete("operators", "new")
    heard(ask, 3003, None, realm="new.example")


def test_a_peer_that_one_service_is_told_of_is_known_to_the_other(pair: tuple[Service, Service]) -> None:
    here, there = pair

    assert not welcome(there, "new.ims.example")
    here.put("diameter-peers", "new.ims.example")
    until(lambda: welcome(there, "new.ims.example"))
    here.delete("diameter-peers", "new.ims.example")
    until(lambda: not welcome(there, "new.ims.example"))


async def disconnected(database: str, condition: str) -> int:
    """End the database's connections that meet a condition; give their number."""
    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - a condition of this file
            f"WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND {condition}"
        )
    finally:
        await connection.close()
    return len(rows)


@pytest.mark.parametrize("condition", [LISTENING, f"NOT {LISTENING}", "true"], ids=["listening", "working", "all"])
def test_after_connections_broke_what_was_missed_is_not_answered_from_memory(
    here: Service, ask: Ask, database: str, condition: str
) -> None:
    """Broken are those that listen, those that read and write, or all of them."""
    for name in (OTHER, SCSCF, OTHER):
        here.patch("subscriptions", "alice", scscf={"name": SCSCF})
        heard(ask, 2001, SCSCF)
        uri = f"sip:new-{name[4:10]}@ims.example"
        ask(uri)
        assert asyncio.run(disconnected(database, condition)) >= 2
        until(lambda name=name: changed(here, name))
        heard(ask, 2001, name)
        until(lambda uri=uri: created(here, uri))
        heard(ask, -5003, None, uri=uri)
        here.delete("subscriptions", "new")
        heard(ask, -5001, None, uri=uri)


def changed(service: Service, name: str) -> bool:
    """Try to change the S-CSCF, which a service whose database is gone may refuse."""
    change = {"scscf": {"name": name}}
    kind = "application/merge-patch+json"
    status, problem = service.call("PATCH", "subscriptions", "alice", body=change, kind=kind)
    assert status in (200, 503), problem
    return status == 200


def created(service: Service, uri: str) -> bool:
    """Try to create a subscriber."""
    body = {"operator": "mobile", "sets": [{"identities": [{"uri": uri}]}]}
    status, problem = service.call("PUT", "subscriptions", "new", body=body)
    assert status in (200, 201, 503), problem
    return status < 300


def test_what_a_service_could_not_learn_when_it_changed_it_learns_later(here: Service, ask: Ask, database: str) -> None:
    assert ask(realm="late.example") == (3003, None)
    for _ in range(3):
        assert asyncio.run(disconnected(database, f"NOT {LISTENING}")) >= 2
        body = {"type": 1, "home_domain": "late.example", "country_code": "49"}
        until(lambda body=body: here.call("PUT", "operators", "late", body=body)[0] < 300)
        heard(ask, 2001, SCSCF, realm="late.example")
        assert asyncio.run(disconnected(database, f"NOT {LISTENING}")) >= 2
        until(lambda: here.call("DELETE", "operators", "late")[0] in (204, 404))
        heard(ask, 3003, None, realm="late.example")


def test_both_write_the_same_record_and_agree(here: Service, pair: tuple[Service, Service], ask: Ask) -> None:
    for number in range(10):
        name = f"sip:s{number}.ims.example"
        pair[number % 2].patch("subscriptions", "alice", scscf={"name": name})
        heard(ask, 2001, name)
        with Peer(here.address("diameter-tcp")) as peer:
            peer.open()
            until(lambda peer=peer, name=name: peer.locate(ALICE).server == name)
