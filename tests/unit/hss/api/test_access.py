from typing import Any

import pytest
from multidict import CIMultiDict

from hss.api.access import check, peer_key
from hss.api.ports import ApiSettings, hash_token
from hss.api.problems import Problem
from schemas.hosts import is_loopback

LOCAL = {"Host": "localhost:8080"}
TOKEN = ApiSettings(token_hashes=frozenset({hash_token("other"), hash_token("right")}))
CLOSED = ApiSettings(token_hashes=frozenset({hash_token("right")}), loopback_open=False)
NO_TOKEN = ApiSettings()


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.1", False),
        ("192.0.2.1", False),
        ("fe80::1%eth0", False),
        ("", False),
        ("/run/hss.sock", False),
    ],
)
def test_what_is_loopback(peer: str, local: bool) -> None:
    assert is_loopback(peer) is local


def test_an_ipv6_host_is_counted_by_its_network() -> None:
    assert peer_key("2001:db8::1") == peer_key("2001:db8::2:1") == "2001:db8::/64"
    assert peer_key("fe80::1%eth0") == "fe80::/64"
    assert peer_key("192.0.2.1") == "192.0.2.1"
    assert peer_key("::1") == "::1"
    assert peer_key("somewhere") == "somewhere"


ALLOWED: list[tuple[str, str, dict[str, str], ApiSettings]] = [
    ("/api/v1/operators", "127.0.0.1", LOCAL, NO_TOKEN),
    ("/api/v1/operators", "127.0.0.1", {"Host": "127.0.0.1"}, NO_TOKEN),
    ("/api/v1/operators", "::1", {"Host": "[::1]:8080"}, NO_TOKEN),
    ("/api/v1/operators", "127.0.0.1", {"Host": "hss.lab:8080"}, ApiSettings(hosts=frozenset({"hss.lab"}))),
    ("/api/v1/operators", "127.0.0.1", {**LOCAL, "Origin": "http://localhost:8080"}, NO_TOKEN),
    ("/api/v1/operators", "127.0.0.1", {**LOCAL, "Sec-Fetch-Site": "same-origin"}, NO_TOKEN),
    ("/api/docs", "127.0.0.1", {**LOCAL, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, NO_TOKEN),
    ("/api/v1/operators", "192.0.2.1", {"Host": "hss.lab", "Authorization": "Bearer right"}, TOKEN),
    ("/api/v1/operators", "192.0.2.1", {"Host": "hss.lab", "authorization": "bearer  other"}, TOKEN),
    ("/api/v1/operators", "127.0.0.1", {**LOCAL, "Authorization": "Bearer right"}, CLOSED),
    ("/healthz", "192.0.2.1", {"Host": "hss.lab"}, NO_TOKEN),
    ("/api/docs", "192.0.2.1", {"Host": "hss.lab"}, NO_TOKEN),
    ("/api/docs/docs.js", "192.0.2.1", {"Host": "hss.lab"}, NO_TOKEN),
]


@pytest.mark.parametrize(("path", "peer", "headers", "settings"), ALLOWED)
def test_who_may_come_in(path: str, peer: str, headers: dict[str, str], settings: ApiSettings) -> None:
    check(path, peer, CIMultiDict(headers), settings)


REFUSED: list[tuple[str, dict[str, str], ApiSettings, int]] = [
    ("192.0.2.1", LOCAL, NO_TOKEN, 401),
    ("192.0.2.1", {**LOCAL, "Authorization": "Bearer right"}, NO_TOKEN, 401),
    ("192.0.2.1", {**LOCAL, "Authorization": "Bearer wrong"}, TOKEN, 401),
    ("192.0.2.1", {**LOCAL, "Authorization": "Basic right"}, TOKEN, 401),
    ("192.0.2.1", {**LOCAL, "Authorization": "Bearer"}, TOKEN, 401),
    ("127.0.0.1", {**LOCAL, "Authorization": "Bearer wrong"}, TOKEN, 401),
    ("127.0.0.1", LOCAL, CLOSED, 401),
    ("127.0.0.1", {**LOCAL, "X-Forwarded-For": "192.0.2.1"}, NO_TOKEN, 401),
    ("127.0.0.1", {**LOCAL, "Forwarded": "for=192.0.2.1"}, NO_TOKEN, 401),
    ("127.0.0.1", {"Host": "rebound.example"}, NO_TOKEN, 421),
    ("127.0.0.1", {"Host": "127.0.0.1.rebound.example"}, NO_TOKEN, 421),
    ("127.0.0.1", {"Host": "[::1"}, NO_TOKEN, 421),
    ("127.0.0.1", {}, NO_TOKEN, 421),
    ("127.0.0.1", {**LOCAL, "Origin": "http://page.example"}, NO_TOKEN, 403),
    ("127.0.0.1", {**LOCAL, "Origin": "null"}, NO_TOKEN, 403),
    ("127.0.0.1", {**LOCAL, "Origin": "http://["}, NO_TOKEN, 403),
    ("127.0.0.1", {**LOCAL, "Sec-Fetch-Site": "cross-site"}, NO_TOKEN, 403),
]


@pytest.mark.parametrize(("peer", "headers", "settings", "status"), REFUSED)
def test_who_may_not_come_in(peer: str, headers: dict[str, str], settings: ApiSettings, status: int) -> None:
    with pytest.raises(Problem) as caught:
        check("/api/v1/operators", peer, CIMultiDict(headers), settings)
    assert caught.value.kind.status == status
    assert ("WWW-Authenticate" in caught.value.headers) is (status == 401)


async def test_the_server_asks_for_a_token(start: Any) -> None:
    api = await start(loopback_open=False, token_hashes=frozenset({hash_token("right")}))
    answer = await api.ask("GET", "operators")
    await api.problem(answer, 401, "unauthorised")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="homeward"'
    assert (await api.ask("GET", "operators", headers={"Authorization": "Bearer right"})).status == 200
    assert (await api.ask("GET", "/healthz")).status == 200


async def test_a_path_that_only_looks_open_is_not(start: Any) -> None:
    api = await start(loopback_open=False)
    for path in ("/healthz/", "/api/docsx", "/readyz", "/metrics", "/api/v1/openapi.json"):
        await api.problem(await api.ask("GET", path), 401, "unauthorised")


async def test_no_answer_opens_the_api_to_other_origins(api: Any) -> None:
    answer = await api.ask("OPTIONS", "operators", headers={"Access-Control-Request-Method": "PUT"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    answer = await api.ask("GET", "operators", headers={"Origin": "http://page.example"})
    await api.problem(answer, 403, "forbidden")
