"""What `hss query sri` and `hss bench sri` show to a person and to a script, and how they end."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from click.testing import Result

from tests.service.conftest import Service, invoke, run
from tests.service.map_wire import ASPAC, ASPAC_ACK, ASPUP, ASPUP_ACK, Asp, kind_of, message

CUSTOMER = "+491715407090"


def asked(service: Service, *arguments: str) -> Result:
    return service.invoke("query", "sri", *arguments, "--peer", service.address("m3ua-tcp"))


def lines_of(result: Result) -> list[str]:
    """Give the lines for a person, without what is different each time."""
    text = re.sub(r"in [0-9.]+ ms", "in N ms", result.stdout)
    return re.sub(r"(\+4917(?:10000|99))[0-9]{5}", r"\1NNNNN", text).splitlines()


@pytest.mark.parametrize(
    ("arguments", "status", "shown"),
    [
        (
            ("+49-171-540-7095",),
            0,
            ["I-CSCF               icscf9.ims.example:5060", "IMRN                 +491799NNNNN",
             "IMSI                 262011234567895", "answered by          MAP version 3 in N ms"],
        ),
        (
            ("491715407091", "--version", "2"),
            0,
            ["roaming number       +491710000NNNNN", "IMSI                 262011234567891",
             "answered by          MAP version 2 in N ms"],
        ),
        (
            ("+491715407092",),
            0,
            ["forward to           +491713315407092, not reachable (voicebox or call forwarding)",
             "IMSI                 262011234567892", "answered by          MAP version 3 in N ms"],
        ),
        (
            ("+491715407098",),
            0,
            ["forward to           +497219578290, unconditional", "IMSI                 262011234567898",
             "answered by          MAP version 3 in N ms"],
        ),
        (
            ("+491715407097",),
            1,
            ["MAP error            13 call-barred, operator barring", "answered by          MAP version 3 in N ms"],
        ),
    ],
    ids=["I-CSCF", "MSRN", "voicebox", "forwarding", "error"],
)  # fmt: skip
def test_an_answer_for_a_person(arguments: tuple[str, ...], status: int, shown: list[str], service: Service) -> None:
    result = asked(service, *arguments)
    assert (result.exit_code, [line.strip() for line in lines_of(result)[1:]]) == (status, shown)
    assert lines_of(result)[0] == "+" + re.sub(r"\D", "", arguments[0])


def test_a_pool_shows_who_else_could_take_the_call(service: Service) -> None:
    shown = lines_of(asked(service, CUSTOMER))
    found = {line.split()[1].removesuffix(":5060") for line in shown if line.split()[0] in {"I-CSCF", "or"}}
    assert found == {"icscf1.ims.example", "icscf2.ims.example"}


def test_the_octets_of_each_layer_are_shown(service: Service) -> None:
    text = asked(service, CUSTOMER, "--hex").stdout
    for word in (
        "M3UA  ASPUP,",
        "M3UA  ASPUP_ACK,",
        "M3UA  DATA,",
        "SCCP  UDT,",
        "TCAP  0x62",
        "MAP   Invoke",
        "Result",
    ):
        assert word in text
    assert text.index(">>> sent") < text.index("<<< received")
    assert "800791947151040709" in text
    messages = json.loads(asked(service, CUSTOMER, "--hex", "--json").stdout)["messages"]
    assert [each["sent"] for each in messages[:2]] == [True, False]
    assert messages[0]["octets"] == "0100030100000008"


def test_addresses_are_those_that_were_wished(service: Service) -> None:
    codes = ("--point-code", "0-1-1", "--hlr-point-code", "10")
    by_subsystem = asked(service, CUSTOMER, "--hex", "--on-subsystem", *codes)
    assert by_subsystem.exit_code == 0
    assert "04430a00060443090008" in by_subsystem.stdout.replace("\n    ", "")
    titled = asked(service, CUSTOMER, "--hex", "--hlr-number", "+491710000000", "--gmsc-number", "+4932")
    assert titled.exit_code == 0
    assert "1206001204947101000000" in titled.stdout
    assert "12080012049423" in titled.stdout.replace("\n    ", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody",), "number"),
        ((CUSTOMER, "--version", "4"), "version"),
        ((CUSTOMER, "--version", "2", "--suppress-t-csi"), "only MAP version 3"),
        ((CUSTOMER, "--point-code", "9-9-9-9"), "point code"),
        ((CUSTOMER, "--gmsc-number", "x"), "x"),
        ((CUSTOMER, "--transport", "tls"), "tls"),
    ],
)
def test_wrong_usage_is_status_2(arguments: tuple[str, ...], words: str) -> None:
    result = invoke("query", "sri", *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_nobody_there_is_status_3() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = invoke("query", "sri", CUSTOMER, "--peer", f"127.0.0.1:{port}")
    assert (result.exit_code, "refused" in result.output.lower() or "failed" in result.output) == (3, True)


def test_who_speaks_no_m3ua_is_status_3(service: Service) -> None:
    result = service.invoke("query", "sri", CUSTOMER, "--peer", service.address("api"), "--timeout", "20")
    assert (result.exit_code, "not M3UA" in result.output) == (3, True)


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Give a gateway that a test plays."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_who_is_silent_is_status_3(silent: socket.socket) -> None:
    peer = f"127.0.0.1:{silent.getsockname()[1]}"
    result = invoke("query", "sri", CUSTOMER, "--peer", peer, "--timeout", "0.3")
    assert (result.exit_code, peer in result.output) == (3, True)


def test_an_association_that_ends_before_the_answer_is_status_3(silent: socket.socket) -> None:
    def play() -> None:
        connected, _ = silent.accept()
        with Asp(connected) as client:
            assert kind_of(client.next()) == ASPUP
            client.send(message(ASPUP_ACK))
            assert kind_of(client.next()) == ASPAC
            client.send(message(ASPAC_ACK))
            client.next()

    thread = threading.Thread(target=play)
    thread.start()
    result = invoke("query", "sri", CUSTOMER, "--peer", f"127.0.0.1:{silent.getsockname()[1]}", "--timeout", "20")
    thread.join()
    assert (result.exit_code, "ended before the answer" in result.output) == (3, True)


def test_a_load_is_measured_and_its_outcomes_are_counted(service: Service) -> None:
    common = ("--peer", service.address("m3ua-tcp"), "--pid", str(service.process.pid), "--requests", "300")
    for version in ("1", "2", "3"):
        numbers = (CUSTOMER, "+491715407091", "+491719999999")
        result = service.invoke(
            "bench", "sri", *numbers, "--json", "--window", "7", "--window", "64", "--version", version, *common
        )
        assert result.exit_code == 0, result.output
        rows = json.loads(result.stdout)
        assert [(row["window"], row["answers"]) for row in rows] == [(7, 300), (64, 300)]
        assert {(row["results"], row["errors"], row["others"]) for row in rows} == {(200, 100, 0)}
        assert all(row["rate"] > 0 and row["cpu_s"] >= 0 for row in rows)
    shown = service.invoke("bench", "sri", CUSTOMER, "--window", "9", *common).output
    assert "300 results" in shown


def test_a_load_without_numbers_or_without_a_service_is_refused() -> None:
    assert invoke("bench", "sri").exit_code == 2
    assert invoke("bench", "sri", "nobody").exit_code == 2
    assert invoke("bench", "sri", CUSTOMER, "--peer", "127.0.0.1:1").exit_code == 3


def test_asking_imports_nothing_that_takes_long() -> None:
    heavy = "pydantic sqlalchemy aiohttp cryptography diameter"
    script = f"import hss.app.asking_map, sys; assert not [name for name in '{heavy}'.split() if name in sys.modules]"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert run("query", "sri", "--help").returncode == 0
