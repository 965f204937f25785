from dataclasses import replace
from typing import Any

from hss.services.watching import ListenerReport, ListenerState


async def test_it_is_alive(api: Any) -> None:
    assert await (await api.ask("GET", "/healthz")).json() == {"status": "alive"}


async def test_it_is_ready_or_says_what_is_missing(api: Any) -> None:
    answer = await api.ask("GET", "/readyz")
    body = await answer.json()
    assert (answer.status, body["status"], body["counts"]) == (200, "ready", {"subscriptions": 3})
    assert body["listeners"][0]["state"] == "listening"
    off = ListenerReport(name="sctp", address="", state=ListenerState.OFF, reason="the kernel has no SCTP")
    api.watched.now = replace(api.watched.now, listeners=[off])
    assert (await api.ask("GET", "/readyz")).status == 200
    failed = replace(off, state=ListenerState.FAILED, reason="address in use")
    for wrong in ({"listeners": [failed]}, {"store_reachable": False, "store_reason": "no answer"}):
        api.watched.now = replace(api.watched.now, listeners=[off])
        api.watched.now = replace(api.watched.now, **wrong)
        answer = await api.ask("GET", "/readyz")
        assert (answer.status, (await answer.json())["status"]) == (503, "not-ready")


async def test_figures_in_the_prometheus_form(api: Any) -> None:
    await api.ask("GET", "operators/mobile")
    await api.ask("GET", "operators/nobody")
    await api.ask("GET", "/somewhere/else")
    answer = await api.ask("GET", "/metrics")
    lines = (await answer.text()).splitlines()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'homeward_requests_total{command="LIR"} 2.0' in lines
    assert 'homeward_requests_total{command="UAR"} 5.0' in lines
    assert "# HELP homeward_requests_total Requests." in lines
    assert "homeward_peers 1.0" in lines
    assert 'homeward_api_requests_total{method="GET",route="/api/v1/operators/{key}",status="404"} 1.0' in lines
    assert 'homeward_api_requests_total{method="GET",route="none",status="404"} 1.0' in lines
    assert "homeward_api_requests_under_way 1.0" in lines


async def test_figures_in_the_openmetrics_form(api: Any) -> None:
    answer = await api.ask("GET", "/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.content_type == "application/openmetrics-text"
    assert (await answer.text()).endswith("# EOF\n")
