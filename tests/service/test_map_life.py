"""Associations of the running service: several ASPs, gateways that it connects to, a real VLR, its end."""

import json
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import LISTENERS, Service, invoke, run, running
from tests.service.map_wire import (
    ASPAC,
    ASPAC_ACK,
    ASPDN,
    ASPDN_ACK,
    ASPIA,
    ASPIA_ACK,
    ASPUP,
    ASPUP_ACK,
    BEAT,
    DATA,
    PATIENCE_S,
    Asp,
    kind_of,
    message,
    parameter,
    sccp_of,
    tcap_of,
    value_of,
    word,
)
from tests.service.test_map import asked
from tests.service.test_map_malformed import SRI, code_of, tlv
from tests.service.wire import until

AS_ACTIVE, ALTERNATE_ASP_ACTIVE, ASP_FAILURE = 0x0001_0003, 0x0002_0002, 0x0002_0003
OVERRIDE = parameter(0x000B, word(1))
CONTEXT = parameter(0x0006, word(100))
VLR_ADDRESS = bytes.fromhex("1207001204947101000010")  # 491710000001, subsystem VLR


@pytest.fixture
def fresh(sample: Callable[[], Path]) -> Callable[..., Any]:
    """Give a function that starts a service of the test's own."""

    def started(*arguments: str) -> Any:
        return running(sample(), *arguments)

    return started


def statuses(asp: Asp) -> list[int]:
    """Give the statuses of the notifications so far."""
    return [int.from_bytes(value_of(each, 0x000D) or b"", "big") for each in asp.told]


def connections(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.call("GET", "connections")[1]["items"]
    return [one for one in found if one["protocol"] == "m3ua"]


def with_id(number: int) -> bytes:
    """Write the question with another transaction id."""
    return SRI.replace(bytes.fromhex("480400000001"), bytes.fromhex("4804") + word(number))


# --- Several ASPs ----------------------------------------------------------------------------------------------------


def test_each_asp_gets_its_own_answers(service: Service) -> None:
    asps = [Asp(service.address("m3ua-tcp")).up(identifier=number) for number in range(8)]
    for turn in range(5):
        for number, asp in enumerate(asps):
            asp.send(with_id(number << 8 | turn))
    for turn in range(5):
        for number, asp in enumerate(asps):
            assert tcap_of(asp.receive())[3:9] == b"\x49\x04" + word(number << 8 | turn)
    for asp in asps:
        asp.socket.close()


def test_the_loss_of_one_asp_is_told_to_the_others_and_hurts_none(service: Service) -> None:
    with Asp(service.address("m3ua-tcp")).up() as stays:
        lost = Asp(service.address("m3ua-tcp")).up(identifier=7)
        lost.send(SRI)
        lost.socket.close()
        while ASP_FAILURE not in statuses(stays):
            stays.told.append(stays.next())
        assert tcap_of(stays.ask(SRI))[0] == 0x64


def test_in_override_mode_the_second_asp_takes_over(fresh: Callable[..., Any]) -> None:
    with fresh() as service, Asp(service.address("m3ua-tcp")) as first, Asp(service.address("m3ua-tcp")) as second:
        for asp in (first, second):
            assert kind_of(asp.ask(message(ASPUP))) == ASPUP_ACK
            assert kind_of(asp.ask(message(ASPAC, OVERRIDE + CONTEXT))) == ASPAC_ACK
        assert code_of(first.ask(SRI)) == 0x06
        assert ALTERNATE_ASP_ACTIVE in statuses(first)
        assert tcap_of(second.ask(SRI))[0] == 0x64


def test_routing_contexts_and_network_appearance_are_those_that_are_configured(fresh: Callable[..., Any]) -> None:
    with fresh("--routing-contexts", "7,8", "--network-appearance", "5", "--point-code", "0-0-2") as service:
        with Asp(service.address("m3ua-tcp")) as asp:
            assert kind_of(asp.ask(message(ASPUP))) == ASPUP_ACK
            assert code_of(asp.ask(message(ASPAC, CONTEXT))) == 0x19
            assert kind_of(asp.ask(message(ASPAC, parameter(0x0006, word(8))))) == ASPAC_ACK
            good = SRI.replace(CONTEXT, parameter(0x0006, word(8)))
            assert tcap_of(asp.ask(good))[0] == 0x64
            foreign = message(DATA, parameter(0x0200, word(6)) + good[8:])
            assert code_of(asp.ask(foreign)) == 0x15
            elsewhere = asp.ask(good.replace(word(1) + word(2), word(1) + word(3)))
            assert (kind_of(elsewhere), value_of(elsewhere, 0x0012)) == (0x0201, word(3))
        assert asked(service, "+491715407091", "--routing-context", "7", "--hlr-point-code", "0-0-2")["number"]
        asked_wrongly = service.invoke(
            "query", "sri", "+491715407091", "--peer", service.address("m3ua-tcp"), "--routing-context", "9"
        )
        assert asked_wrongly.exit_code == 3
        assert "invalid routing context" in asked_wrongly.output


def test_an_older_hlr_makes_gateway_mscs_fall_back(fresh: Callable[..., Any]) -> None:
    for version in (1, 2):
        with fresh("--map-version", str(version)) as service:
            found = asked(service, "+491715407091")
            assert (found["version"], found["number"][:8]) == (version, "49171000")
            refused = service.invoke(
                "query", "sri", "+491715407091", "--peer", service.address("m3ua-tcp"), "--no-fall-back"
            )
            assert refused.exit_code == 1


def test_the_service_sends_heart_beats_and_gives_up_who_does_not_answer(fresh: Callable[..., Any]) -> None:
    with fresh("--m3ua-beat-s", "0.2") as service, Asp(service.address("m3ua-tcp")).up() as asp:
        beat = asp.receive()
        assert kind_of(beat) == BEAT
        asp.send(beat[:2] + b"\3\6" + beat[4:])  # the acknowledgement has the same data
        assert kind_of(asp.receive()) == BEAT


# --- Who watches -----------------------------------------------------------------------------------------------------


def test_associations_and_figures_are_shown(fresh: Callable[..., Any]) -> None:
    with fresh() as service, Asp(service.address("m3ua-tcp")).up(identifier=42) as asp:
        asp.ask(SRI)
        asp.ask(SRI.replace(bytes.fromhex("800791947151040709"), bytes.fromhex("800791947151040799")))
        (shown,) = connections(service)
        assert shown.pop("connected_s") >= 0
        own = asp.socket.getsockname()
        assert shown == {
            "name": "asp-42",
            "protocol": "m3ua",
            "transport": "tcp",
            "address": f"{own[0]}:{own[1]}",
            "state": "active",
            "initiated": False,
            "routing_contexts": [100],
            "open_requests": 0,
        }
        assert "asp-42" in service.invoke("peers").output
        connection = HTTPConnection(service.address("api"))
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        assert 'homeward_m3ua_associations{state="active"} 1.0' in text
        for outcome in ("result", "unknown_subscriber"):
            labels = f'operation="send_routing_info",outcome="{outcome}",version="3"'
            assert f"homeward_map_operations_total{{{labels}}} 1.0" in text


# --- An IMRN is found again ------------------------------------------------------------------------------------------


def test_an_imrn_is_found_for_its_lifetime_by_api_and_command(fresh: Callable[..., Any]) -> None:
    with fresh("--roaming-number-s", "3600") as service:
        assert service.invoke("imrn").output == "No IMRN is lent.\n"
        lent = {f"+{asked(service, '+491715407090')['number']}" for _ in range(20)}
        assert len(lent) == 20
        for number in lent:
            status, found = service.call("GET", "map", "imrns", number)
            assert (status, found["imrn"], found["msisdn"]) == (200, number, "+491715407090")
            assert 3500 < found["left_s"] <= 3600
        number = min(lent)
        line = re.fullmatch(r"(\S+) +\+491715407090 +for (\d+) s\n", service.invoke("imrn", number).output)
        assert line is not None
        assert (line[1], 3500 < int(line[2]) <= 3600) == (number, True)
        assert {one["imrn"] for one in json.loads(service.invoke("imrn", "--json").output)} == lent
        assert service.call("GET", "map", "imrns", "+491799")[0] == 404
        assert service.call("GET", "map", "imrns", "nobody")[0] == 400
        assert service.invoke("imrn", "+49179999").exit_code == 1


def test_an_imrn_ends(fresh: Callable[..., Any]) -> None:
    with fresh("--roaming-number-s", "0.1") as service:
        number = asked(service, "+491715407090")["number"]
        until(lambda: service.call("GET", "map", "imrns", number)[0] == 404)


# --- A real VLR ------------------------------------------------------------------------------------------------------

REAL = ("--vlr", "real", "--point-code", "2", "--gateway-point-code", "77")


class Vlr:
    """A VLR that is an ASP, and answers one provideRoamingNumber."""

    def __init__(self, service: Service, component: Callable[[bytes], bytes]) -> None:
        self.asp = Asp(service.address("m3ua-tcp")).up()
        self.asked = b""
        self._component = component
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        request = self.asp.receive()
        self.asked = request
        tcap = tcap_of(request)
        transaction = tcap[tcap.index(b"\x48\x04") + 2 :][:4]
        answer = tlv(0x64, b"\x49\x04" + transaction + self._portion() + tlv(0x6C, self._component(b"\2\1\1")))
        sccp = sccp_of(request)
        calling = sccp[4 + sccp[3] :][: sccp[3 + sccp[3]]]
        ends = 3 + len(calling)
        head = bytes((0x09, 0, 3, ends, ends + len(VLR_ADDRESS), len(calling)))
        unitdata = head + calling + bytes((len(VLR_ADDRESS),)) + VLR_ADDRESS + bytes((len(answer),)) + answer
        label = word(77) + word(2) + bytes((3, 2, 0, 0))
        self.asp.send(message(DATA, CONTEXT + parameter(0x0210, label + unitdata)))

    def _portion(self) -> bytes:
        accepted = bytes.fromhex("80020780a109060704000001000303a203020100a305a103020100")
        return tlv(0x6B, tlv(0x28, bytes.fromhex("060700118605010101") + tlv(0xA0, tlv(0x61, accepted))))

    def end(self) -> None:
        self._thread.join()
        self.asp.socket.close()


@pytest.fixture(scope="module")
def real(sample: Callable[[], Path]) -> Iterator[Service]:
    with running(sample(), *REAL) as found:
        yield found


def test_a_roaming_number_comes_from_the_vlr(real: Service) -> None:
    number = bytes.fromhex("0407919471010099 99".replace(" ", ""))
    vlr = Vlr(real, lambda invoke: tlv(0xA2, invoke + tlv(0x30, b"\2\1\4" + tlv(0x30, number))))
    found = asked(real, "+491715407091")
    vlr.end()
    assert (found["number"], found["imsi"]) == ("491710009999", "262011234567891")
    sccp, tcap = sccp_of(vlr.asked), tcap_of(vlr.asked)
    assert VLR_ADDRESS in sccp
    assert bytes.fromhex("1206001204947101000000") in sccp  # who asks: the HLR number of the operators
    assert bytes.fromhex("060704000001000303") in tcap
    assert bytes.fromhex("800862021132547698f1 8107919471010000 10 8207919471510407 19".replace(" ", "")) in tcap


@pytest.mark.parametrize(
    ("component", "forwarded", "error"),
    [("020127", "491713315407091", None), ("02011b", "491713315407091", None)],
    ids=["no roaming number available", "absent subscriber"],
)
def test_a_vlr_without_a_number_leads_to_the_voicebox(
    component: str, forwarded: str, error: str | None, real: Service
) -> None:
    vlr = Vlr(real, lambda invoke: tlv(0xA3, invoke + bytes.fromhex(component)))
    found = asked(real, "+491715407091")
    vlr.end()
    assert (found["forwarded_to"], found.get("error")) == (forwarded, error)


def test_without_a_way_to_the_vlr_the_call_is_forwarded_or_refused_at_once(real: Service) -> None:
    real.patch("subscriptions", "491715407091", circuit_switched={"voicebox": None})
    status, found = real.call("POST", "map", "send-routing-info", body={"msisdn": "+491715407091"})
    real.patch("subscriptions", "491715407091", circuit_switched={"voicebox": "+491713315407091"})
    assert (status, found["result"], found["error"]) == (200, "error", "system-failure")


def test_questions_beyond_what_may_wait_are_aborted_and_reading_goes_on(fresh: Callable[..., Any]) -> None:
    roaming = SRI.replace(bytes.fromhex("800791947151040709"), bytes.fromhex("800791947151040719"))
    with fresh(*REAL, "--max-open-requests", "1") as service, Asp(service.address("m3ua-tcp")).up() as asp:
        found: list[int] = []
        for number in range(40):
            asp.send(roaming.replace(bytes.fromhex("480400000001"), bytes.fromhex("4804") + word(number + 1)))
        while found.count(0x67) < 40 - 8:
            found.append(tcap_of(asp.receive())[0])
        assert found.count(0x62) == 8  # eight of the questions wait for the VLR, each with one of ours: sixteen
        asp.lives()


def test_a_real_vlr_needs_a_way_and_a_number(tmp_path: Path) -> None:
    usual = chain.from_iterable(LISTENERS.items())
    done = run("serve", "--database", str(tmp_path / "empty.db"), *usual, "--vlr", "real", "--point-code", "2")
    assert done.returncode == 2
    assert "vlr: a real VLR needs gateway_point_code, hlr_number" in done.stderr


# --- Gateways that the service connects to ---------------------------------------------------------------------------


class Gateway:
    """A gateway that the service connects to."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.settimeout(PATIENCE_S)

    @property
    def address(self) -> str:
        return f"tcp:127.0.0.1:{self.listening.getsockname()[1]}"

    def accept(self) -> Asp:
        connected, _ = self.listening.accept()
        return Asp(connected)

    def come_up(self) -> Asp:
        """Acknowledge what the service asks until it is active."""
        asp = self.accept()
        assert kind_of(asp.next()) == ASPUP
        asp.send(message(ASPUP_ACK))
        active = asp.next()
        assert kind_of(active) == ASPAC
        assert value_of(active, 0x0006) == word(100)
        asp.send(message(ASPAC_ACK, active[8:]))
        return asp


def test_the_service_connects_to_a_gateway_serves_it_and_comes_back_after_a_loss(fresh: Callable[..., Any]) -> None:
    gateway = Gateway()
    with fresh("--m3ua-connect", gateway.address, "--routing-contexts", "100") as service:
        first = gateway.come_up()
        assert tcap_of(first.ask(SRI))[0] == 0x64
        until(lambda: [(one["state"], one["initiated"]) for one in connections(service)] == [("active", True)])
        first.socket.close()
        again = gateway.come_up()
        assert tcap_of(again.ask(SRI))[0] == 0x64
        service.process.send_signal(signal.SIGINT)
        assert kind_of(again.next()) == ASPIA
        again.send(message(ASPIA_ACK))
        assert kind_of(again.next()) == ASPDN
        again.send(message(ASPDN_ACK))
        assert again.ended()
        assert service.process.wait(timeout=PATIENCE_S) == 0
        again.socket.close()
        gateway.listening.close()


def test_a_gateway_that_is_not_there_is_reported_and_hurts_nothing(fresh: Callable[..., Any]) -> None:
    with fresh("--m3ua-connect", "tcp:127.0.0.1:1 tcp:127.0.0.1:2", "--log", "warning") as service:
        until(lambda: service.logged().count("gateway unreachable") >= 2)
        assert asked(service, "+491715407091")["number"]
        service.end()
        assert service.process.returncode == 0


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--m3ua-connect", "127.0.0.1:2905"),
        ("--m3ua-connect", "udp:127.0.0.1:2905"),
        ("--point-code", "8-0-0"),
        ("--routing-contexts", "1,two"),
        ("--network-indicator", "4"),
        ("--hlr-number", "nobody"),
        ("--roaming-number-s", "0"),
        ("--vlr", "imaginary"),
    ],
)
def test_settings_that_break_a_rule_are_named(flag: str, value: str) -> None:
    done = invoke("config", "check", flag, value)
    assert done.exit_code == 2
    assert f"from {flag}" in done.stderr


# --- The end ---------------------------------------------------------------------------------------------------------


def test_at_the_end_asps_are_taken_down_and_none_comes_up_again(fresh: Callable[..., Any]) -> None:
    with fresh() as service, Asp(service.address("m3ua-tcp")).up() as asp, Asp(service.address("m3ua-tcp")) as idle:
        idle.lives()
        asp.send(SRI)
        service.process.send_signal(signal.SIGINT)
        assert asp.last() == [DATA, ASPDN_ACK]
        assert idle.ended()
        assert service.process.wait(timeout=PATIENCE_S) == 0


def test_more_connections_than_allowed_are_refused_and_the_others_live(fresh: Callable[..., Any]) -> None:
    with fresh("--max-connections", "2") as service:
        allowed = [Asp(service.address("m3ua-tcp")).up() for _ in range(2)]
        with Asp(service.address("m3ua-tcp")) as third:
            assert third.ended()
        for asp in allowed:
            assert kind_of(asp.ask(SRI)) == DATA
            asp.socket.close()


# --- JSON ------------------------------------------------------------------------------------------------------------


def json_answer(service: Service, status: int = 200, **body: Any) -> dict[str, Any]:
    got, found = service.call("POST", "map", "send-routing-info", body=body)
    assert got == status, found
    answer: dict[str, Any] = found
    return answer


def test_the_json_query_gives_what_map_gives(service: Service) -> None:
    head = {"msisdn": "+491715407091", "version": 3}
    found = json_answer(service, msisdn="+49-171-540-7091")
    assert found.pop("msrn").startswith("+49171000")
    assert found == {**head, "result": "roaming-number", "imsi": "262011234567891"}
    found = json_answer(service, msisdn="+491715407090")
    assert found["result"] == "ims"
    assert {found["icscf"]["host"], *(one["host"] for one in found["alternatives"])} == {
        "icscf1.ims.example",
        "icscf2.ims.example",
    }
    assert service.call("GET", "map", "imrns", found["imrn"])[1]["msisdn"] == "+491715407090"
    found = json_answer(service, msisdn="+491715407090", version=2)
    assert "icscf" not in found
    found = json_answer(service, msisdn="+491715407092")
    assert (found["forwarded_to"], found["condition"], found["voicebox"]) == ("+491713315407092", "not-reachable", True)
    found = json_answer(service, msisdn="+491715407098")
    assert (found["forwarded_to"], found["condition"], found["voicebox"]) == ("+497219578290", "unconditional", False)
    found = json_answer(service, msisdn="+491715407090", forwarding_interrogation=True, forwarding_reason="busy")
    assert (found["error"], found["error_code"]) == ("busy-subscriber", 45)
    found = json_answer(service, msisdn="+491719999999", version=1)
    assert (found["error"], found["error_code"]) == ("unknown-subscriber", 1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"msisdn": "nobody"},
        {"msisdn": "+491715407090", "version": 4},
        {"msisdn": "+491715407090", "surprise": 1},
        {"msisdn": "+491715407090", "version": 2, "suppress_t_csi": True},
        {"msisdn": "+491715407090", "forwarding_reason": "busy"},
        {"msisdn": "+491715407090", "forwarding_interrogation": True, "forwarding_reason": "unconditional"},
    ],
)
def test_json_that_breaks_a_rule_is_refused(body: dict[str, Any], service: Service) -> None:
    found = json_answer(service, status=422, **body)
    assert found["errors"]
