"""Every row of the table of malformed input, fed in every way."""

import asyncio
from typing import Any

import pytest

from hss.diameter.dictionary import base
from hss.machine import Turn
from schemas.numbers.diameter import BaseAvp
from tests.unit.hss.diameter.samples import BENCH, KAMAILIO, Everything, framed, malformed, read, surroundings

CASES = malformed()
SERVED = Everything().filtered()


def carried(turn: Turn[bytes], machine: Any) -> Turn[bytes]:
    """Finish late work at once, in order."""
    for work in turn.later:
        turn.add(machine.resume(asyncio.run(_wait(work)), now=1.0))
    return turn


async def _wait(work: Any) -> bytes:
    return await work


def opened(state: str) -> Any:
    machine = framed(surroundings(SERVED))
    machine.connected(now=0.0)
    if state == "open":
        assert len(machine.receive(KAMAILIO["cer_icscf"], now=0.0).send) == 1
    return machine


def fed(case: dict[str, Any], pieces: list[bytes]) -> Turn[bytes]:
    machine, turn = opened(case["state"]), Turn[bytes]()
    for piece in pieces:
        if not turn.close:
            turn.add(carried(machine.receive(piece, now=1.0), machine))
    return turn


def check(case: dict[str, Any], turn: Turn[bytes], times: int = 1) -> None:
    expected = case["expect"]
    answers = 2 * times if case["id"] == "F6" else times
    assert len(turn.send) == (answers if expected["answer"] else 0)
    for answer in turn.send:
        avps = read(answer)
        failed = avps.value(base(BaseAvp.FAILED_AVP))
        assert avps.value(base(BaseAvp.RESULT_CODE)) == expected["result_code"]
        assert bool(answer[4] & 0x20) == expected["e_bit"]
        assert (failed.hex() if failed else None) == expected.get("failed_avp")
    ends = {"open": (False, False), "closed": (True, False), "reset": (True, True)}
    assert (turn.close, turn.reset) == ends.get(expected["connection"], (False, False))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_malformed_input_gets_what_the_table_says(case: dict[str, Any]) -> None:
    check(case, fed(case, [bytes.fromhex(case["hex"])]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_it_does_so_octet_by_octet(case: dict[str, Any]) -> None:
    octets = bytes.fromhex(case["hex"])
    check(case, fed(case, [octets[at : at + 1] for at in range(len(octets))]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_it_does_so_cut_at_any_octet(case: dict[str, Any]) -> None:
    octets = bytes.fromhex(case["hex"])
    for at in range(1, len(octets), 7):
        check(case, fed(case, [octets[:at], octets[at:]]))


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["expect"]["connection"] == "open" and case["state"] == "open"],
    ids=lambda case: str(case["id"]),
)
def test_a_thousand_of_them_at_once_get_a_thousand_answers(case: dict[str, Any]) -> None:
    check(case, fed(case, [1000 * bytes.fromhex(case["hex"])]), times=1000)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_an_open_peer_is_served_after_it(case: dict[str, Any]) -> None:
    if case["expect"]["connection"] != "open" or case["state"] != "open":
        turn = fed(case, [bytes.fromhex(case["hex"]), BENCH["lir"]])
        assert turn.close or turn.send
        return
    turn = fed(case, [bytes.fromhex(case["hex"]), BENCH["lir"]])
    assert turn.send[-1] == BENCH["lia"]
    assert not turn.close


def test_a_message_longer_than_the_limit_ends_the_connection_before_it_has_come() -> None:
    case = next(case for case in CASES if case["id"] == "F3")
    turn = fed(case, [bytes.fromhex(case["hex"])[:4]])
    assert (turn.close, turn.reset, turn.send) == (True, True, [])


def test_half_a_message_is_waited_for() -> None:
    machine = opened("open")
    turn = machine.receive(BENCH["lir"][:100], now=1.0)
    assert turn == Turn()
    assert carried(machine.receive(BENCH["lir"][100:], now=1.0), machine).send == [BENCH["lia"]]


def test_without_an_end_of_session_the_session_comes_back_octet_by_octet() -> None:
    case = next(case for case in CASES if case["id"] == "A26")
    turn = fed(case, [bytes.fromhex(case["hex"])])
    assert turn.send[0][20:40] == bytes.fromhex(case["hex"])[20:40]


def test_proxy_information_comes_back_and_the_route_does_not() -> None:
    case = next(case for case in CASES if case["id"] == "A28")
    asked, answered = read(bytes.fromhex(case["hex"])), read(fed(case, [bytes.fromhex(case["hex"])]).send[0])
    proxy, route = base(BaseAvp.PROXY_INFO), base(BaseAvp.ROUTE_RECORD)
    assert asked.octets(proxy) == answered.octets(proxy) != b""
    assert (route in asked, route in answered) == (True, False)


def test_own_name_in_route_record_is_a_loop() -> None:
    """Row R5 has no vector: the message is that of A28 with our name in Route-Record."""
    octets = bytes.fromhex(next(case for case in CASES if case["id"] == "A28")["hex"])
    route = read(octets).first[base(BaseAvp.ROUTE_RECORD).key][0]
    name = b"HSS.ims.TEST"
    ours = route[:5] + (8 + len(name)).to_bytes(3, "big") + name
    changed = octets.replace(route + bytes(-len(route) % 4), ours)
    message = changed[:1] + len(changed).to_bytes(3, "big") + changed[4:]
    turn = fed({"state": "open"}, [message])
    assert read(turn.send[0]).value(base(BaseAvp.RESULT_CODE)) == 3005
    assert turn.send[0][4] & 0x20
