"""Import of whole subscribers, in every database."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hss.procedures.provisioning import derive
from hss.services.administration import BulkReport, Changes, Refused, RefusedLine, Taken
from hss.services.bulk_lines import LONGEST_LINE
from hss.store.bulk import StoreBulk
from hss.store.engine import Store
from hss.store.errors import StoreUnavailable
from schemas.documents import NewSubscriber, Subscriber
from tests.contract.bulk_samples import bodies, clear, jsonl, reports, short, stream, take
from tests.contract.bulk_samples import given as given_file
from tests.contract.store_samples import ALICE, IMSI, MOBILE, NAI, OPC, SERVICES, K, furnish, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")

ON_EMPTY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def refusals(report: BulkReport) -> list[tuple[int, str]]:
    return [(refused.line, refused.field) for refused in report.refused]


async def test_a_short_form_becomes_what_a_put_of_the_derived_document_makes(store: Store) -> None:
    await furnish(store)
    full = short(
        2, number="+49721957829", k=K, opc=OPC, service_profile="telephony", voicebox="+4917199", preference="ims-only"
    )
    digest = {"operator": "fixed", "number": "4960049", "password": "geheim"}
    files = [short(1), full, short(3, icscf_pool="south"), short(4, msisdn=" +49 171-000 4 "), digest]
    report = await take(store, jsonl(*files))
    assert (report.line, report.created, report.replaced, report.refused) == (5, 5, 0, [])
    imported = [await store.subscribers.get(name) for name in sorted(await bodies(store))]
    await clear(store)
    for fields in files:
        new = NewSubscriber.model_validate(fields)
        operator = await store.operators.get(new.operator)
        assert operator
        whole = derive(new, operator.document)
        await store.subscribers.put(whole.name, whole)
    assert imported == [await store.subscribers.get(name) for name in sorted(await bodies(store))]


@pytest.mark.parametrize("document", [ALICE, SERVICES, plain("bob", 1), Subscriber(name="none", operator="mobile")])
async def test_a_whole_document_becomes_what_a_put_makes(store: Store, document: Subscriber) -> None:
    await furnish(store)
    body = document.model_dump(mode="json")
    for private, written in zip(document.private_identities, body["private_identities"], strict=True):
        written["credentials"] = private.credentials and private.credentials.model_dump(exclude_none=True)
    assert (await take(store, jsonl(body))).created == 1
    imported = await store.subscribers.get(document.name)
    await clear(store)
    await store.subscribers.put(document.name, document)
    assert imported == await store.subscribers.get(document.name)


async def test_secrets_that_are_imported_open(store: Store) -> None:
    await furnish(store)
    await take(store, jsonl(short(1, k=K.upper(), opc=OPC)))
    async with store.database.read() as connection:
        row = (await connection.exec_driver_sql("SELECT nai, sealed FROM private_identity")).one()
    assert store.sealer
    assert json.loads(store.sealer.open(row.sealed, row.nai)) == {"k": K, "opc": OPC}


async def test_a_file_may_come_line_by_line_or_in_blocks_with_blank_lines_and_a_mark(store: Store) -> None:
    await furnish(store)
    lines = [b"\xef\xbb\xbf" + jsonl(short(1)).rstrip(), b"", b"  \r\n", jsonl(short(2)) + jsonl(short(3)), b"\n"]
    last = jsonl(short(4)).rstrip()
    report = await take(store, *lines, last)
    assert (report.line, report.created, report.refused_count) == (7, 4, 0)


SEALED = {"private_identities": [{"nai": "x@ims.example", "sealed": "AAAA"}]}
DIGEST = {"password": "geheim", "ha1": OPC}
BAD: list[tuple[bytes, str, str]] = [
    (b"{", "", "JSON"),
    (b"[1]", "", "is not an object"),
    (b'{"operator": "mobile", "imsi": "262010000000009", "k": "\xff"}', "", "is not UTF-8 at octet 57"),
    (jsonl({"operator": "mobile"}), "", "imsi, msisdn or number is needed"),
    (jsonl({"operator": "nobody", "imsi": IMSI}), "operator", "there is no operator 'nobody'"),
    (jsonl({"operator": "mobile", "imsi": "12"}), "imsi", "an IMSI has 6 to 15 digits"),
    (jsonl({"operator": "mobile", "imsi": IMSI, "colour": 1}), "colour", "is not a field here"),
    (jsonl({"operator": "mobile", "imsi": IMSI, "voicebox": "+49171"}), "voicebox", "needs an msisdn"),
    (jsonl(short(9, op=K, opc=OPC)), "opc", "exclude each other"),
    (jsonl(short(9, service_profile="none")), "service_profile", "there is no service profile 'none'"),
    (jsonl(short(9, icscf_pool="none")), "icscf_pool", "there is no I-CSCF pool 'none'"),
    (jsonl(short(9, state="registered")), "scscf", "has an S-CSCF"),
    (jsonl(plain("x", 9).model_dump(mode="json") | {"devices": 1 << 40}), "devices", "must be at most 2147483647"),
    (jsonl({"name": "x", "operator": "mobile", "private_identities": [{"nai": "x"}]}), "private_identities.0.nai", ""),
    (
        jsonl({"name": "x", "operator": "mobile", "private_identities": [{"nai": "a\0b@ims.example"}]}),
        "private_identities.0.nai",
        "U+0000",
    ),
    (
        b'{"operator": "mobile", "imsi": "262010000000009", "name": "' + b"x" * LONGEST_LINE + b'"}',
        "",
        "is longer than",
    ),
    (b"[" * 100_000, "", "JSON"),
]


async def test_each_bad_line_is_refused_with_field_and_rule_and_all_good_ones_are_kept(store: Store) -> None:
    await furnish(store)
    lines = [line for number, (bad, _, _) in enumerate(BAD) for line in (jsonl(short(100 + number)), bad)]
    report = await take(store, *lines)
    assert (report.created, report.refused_count, report.line) == (len(BAD), len(BAD), 2 * len(BAD))
    for refused, (number, (_, field, rule)) in zip(report.refused, enumerate(BAD), strict=True):
        assert (refused.line, refused.field) == (2 * number + 2, field)
        assert rule in refused.rule
    assert len(await bodies(store)) == len(BAD)


async def test_no_refusal_repeats_a_secret(store: Store) -> None:
    await furnish(store)
    report = await take(store, jsonl(short(1, k=K + "zz"), short(2, **DIGEST)))
    assert refusals(report) == [(1, "k"), (2, "password")]
    assert not any(secret in str(refused) for refused in report.refused for secret in (K, OPC, "geheim"))


async def test_a_refused_line_is_written_for_a_person() -> None:
    assert str(RefusedLine(line=3, field="imsi", rule="is missing")) == "line 3, imsi: is missing"
    assert str(RefusedLine(line=3, field="", rule="is not UTF-8")) == "line 3: is not UTF-8"


async def test_taken_values_are_refused_one_by_one_whoever_has_them(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    number = {"operator": "mobile", "name": "n", "number": "+491715407001"}
    lines = [
        short(1, msisdn="+491715407090"),  # of a stored subscriber
        short(2),
        short(3, msisdn="+491710000002"),  # of the line before
        {"operator": "mobile", "name": "other", "imsi": IMSI},
        {"operator": "mobile", "name": "m", "msisdn": "+491715407001"},
        number,
        plain("p", 5407001).model_dump(mode="json") | {"sets": []},
        short(4),
    ]
    report = await take(store, jsonl(*lines))
    assert refusals(report) == [
        (1, "msisdn"),
        (3, "msisdn"),
        (4, "imsi"),
        (5, "msisdn"),
        (7, "circuit_switched.msisdns.0"),
    ]
    assert report.refused[0].rule == "tel:+491715407090 belongs to subscriber 'alice'"
    assert report.created == 3
    assert sorted(await bodies(store)) == ["262010000000002", "262010000000004", "alice", "n"]


async def test_importing_again_replaces_and_raises_the_version(store: Store) -> None:
    await furnish(store)
    file = jsonl(*(short(number, k=K) for number in range(5)))
    await take(store, file)
    before = await bodies(store)
    again = await take(store, file)
    assert (again.created, again.replaced, again.refused) == (0, 5, [])
    assert await bodies(store) == before
    stored = await store.subscribers.get("262010000000003")
    assert stored
    assert stored.version == 2


async def test_secrets_stay_where_a_line_gives_none_and_go_where_it_gives_others(store: Store) -> None:
    await furnish(store)
    await take(store, jsonl(short(1, k=K, opc=OPC), short(2, k=K), short(3)))
    changes = [short(1), short(2, k=OPC, op=K), short(3, k=K), short(3, voicebox="+4917199")]
    assert (await take(store, jsonl(*changes))).replaced == 4
    names = [(await store.subscribers.find(f"26201000000000{number}")) for number in (1, 2, 3)]
    assert [each and each.document.private_identities[0].has_credentials for each in names] == [
        ["k", "opc"],
        ["k", "op"],
        ["k"],
    ]
    async with store.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT nai, sealed FROM private_identity ORDER BY nai")).all()
    assert store.sealer
    opened = [json.loads(store.sealer.open(row.sealed, row.nai)) for row in rows]
    assert opened == [{"k": K, "opc": OPC}, {"k": OPC, "op": K}, {"k": K}]


FEW = st.integers(0, 3)
LINE = st.fixed_dictionaries(
    {"name": FEW.map("n{}".format)},
    optional={"imsi": FEW.map("26201000000000{}".format), "msisdn": FEW.map("+4917100000{}".format)},
).map(lambda fields: {"operator": "mobile", **fields})


@ON_EMPTY
@given(st.lists(LINE, max_size=8), st.integers(1, 4))
async def test_an_import_is_one_put_after_the_other(store: Store, lines: list[dict[str, Any]], batch: int) -> None:
    await furnish(store)
    await clear(store)
    report = await take(store, jsonl(*lines), batch=batch)
    imported = await bodies(store)
    await clear(store)
    refused = []
    for number, fields in enumerate(lines, 1):
        try:
            whole = derive(NewSubscriber.model_validate(fields), MOBILE)
            await store.subscribers.put(whole.name, whole)
        except (Taken, ValueError):
            refused.append(number)
    assert [line for line, _ in refusals(report)] == refused
    assert imported == await bodies(store)
    assert report.created + report.replaced + report.refused_count == len(lines)


GOOD = st.integers(0, 30).map(lambda number: jsonl(short(number)))
NOISE = st.sampled_from([bad for bad, _, _ in BAD if len(bad) < 1000]) | st.binary(max_size=20).map(
    lambda octets: octets.replace(b"\n", b"") + b"\n"
)


@ON_EMPTY
@given(st.lists(GOOD | NOISE, max_size=20), st.integers(1, 7))
async def test_good_lines_are_never_lost_whatever_stands_around_them(
    store: Store, lines: list[bytes], batch: int
) -> None:
    await furnish(store)
    await clear(store)
    await take(store, *lines, batch=batch)
    wanted = {json.loads(line)["imsi"] for line in lines if line in {jsonl(short(number)) for number in range(31)}}
    assert set(await bodies(store)) == wanted


async def test_each_batch_is_reported_and_can_be_resumed_behind(store: Store) -> None:
    await furnish(store)
    file = jsonl(*(short(number) for number in range(7)), {"operator": "mobile"})
    told = await reports(store, file, batch=3)
    assert [(report.line, report.created, len(report.latest)) for report in told] == [(3, 3, 0), (6, 6, 0), (8, 7, 1)]
    await clear(store)
    rest = await reports(store, file, batch=3, resume_behind=5)
    assert [(report.line, report.created) for report in rest] == [(8, 2)]
    assert refusals(rest[-1]) == [(8, "")]
    assert (await take(store, file, resume_behind=8)).line == 8
    assert (await take(store)).line == 0


async def test_a_file_of_unknown_form_is_refused(store: Store) -> None:
    with pytest.raises(Refused, match="form"):
        await take(store, form="xml")


async def test_csv_has_the_fields_of_the_short_form(store: Store) -> None:
    await furnish(store)
    head = b"\xef\xbb\xbf\n operator,imsi , msisdn,k,sqn,service_profile\r\n"
    rows = [
        f"mobile,262010000000001,+491710000001,{K},007,telephony\r\n".encode(),
        b'"mobile","262010000000002","+49 171 0000002",,,\r\n',
        b"mobile,262010000000003,,,\n",
        b"\n",
        b'mobile,"262010000000004\n',
        b"mobile,262010000000005,+491710000005,,,x,\n",
        b" mobile , 262010000000006 ,,,,",
    ]
    report = await take(store, head, *rows, form="csv")
    assert (report.created, report.line) == (3, 9)
    assert [(line, field) for line, field in refusals(report)] == [(5, ""), (7, ""), (8, "")]
    imported = await bodies(store)
    await clear(store)
    await take(store, jsonl(short(1, k=K, sqn=7, service_profile="telephony"), short(2), short(6, msisdn=None)))
    assert imported == await bodies(store)


@pytest.mark.parametrize(
    ("head", "field"),
    [
        (b"operator,imsi,colour\n", "colour"),
        (b"imsi\n", "operator"),
        (b"operator,imsi,imsi\n", "imsi"),
        (b'operator,"imsi\n', ""),
        (b"operator,\xff\n", ""),
    ],
)
async def test_a_csv_file_with_wrong_columns_is_refused_as_a_whole(store: Store, head: bytes, field: str) -> None:
    await furnish(store)
    with pytest.raises(Refused) as refused:
        await take(store, head, b"mobile,262010000000001,\n", form="csv")
    assert refused.value.field == field
    assert await bodies(store) == {}


async def test_csv_resumes_with_the_columns_of_its_first_line(store: Store) -> None:
    await furnish(store)
    file = b"operator,imsi\nmobile,262010000000001\nmobile,262010000000002\n"
    report = await take(store, file, form="csv", resume_behind=2)
    assert (report.line, report.created) == (3, 1)
    assert list(await bodies(store)) == ["262010000000002"]


async def test_an_operator_that_changes_meanwhile_counts_from_the_next_batch_on(store: Store) -> None:
    await furnish(store)

    async def lines() -> AsyncIterator[bytes]:
        yield jsonl(short(1))
        moved = MOBILE.model_copy(update={"home_domain": "moved.example"})
        await store.operators.put("mobile", moved)
        yield jsonl(short(2))

    assert [report.created async for report in store.bulk.take(lines(), form="jsonl", batch=1)] == [1, 2]
    assert await store.subscribers.find("sip:+491710000001@ims.example")
    assert await store.subscribers.find("sip:+491710000002@moved.example")


async def test_other_processes_read_a_long_file_with_the_same_outcome(store: Store) -> None:
    await furnish(store)
    lines = [jsonl(short(number, k=K)) for number in range(12)]
    lines[7] = b"bad\n"
    told = [report async for report in StoreBulk(store, long=4).take(stream(lines), form="jsonl", batch=2)]
    assert [report.line for report in told] == [2, 4, 6, 8, 10, 12]
    assert (told[-1].created, refusals(told[-1])) == (11, [(8, "")])
    imported = await bodies(store)
    await clear(store)
    await take(store, *lines)
    assert imported == await bodies(store)


async def test_changes_are_told_after_each_batch(store: Store) -> None:
    await furnish(store)
    heard: list[Changes] = []
    store.on_change(heard.append)
    await take(store, jsonl(short(1)))
    uris = {"tel:+491710000001", "sip:+491710000001@ims.example", f"sip:262010000000001@{NAI.partition('@')[2]}"}
    assert heard == [Changes(identities=frozenset(uris), added=frozenset(uris), msisdns=frozenset({"491710000001"}))]
    heard.clear()
    await take(store, jsonl(short(1, msisdn="+491710000077"), SERVICES.model_dump(mode="json")))
    (change,) = heard
    assert "tel:+491710000001" in change.identities - change.added
    assert change.msisdns == {"491710000001", "491710000077"}
    assert change.wildcards
    heard.clear()
    await take(store, jsonl(*(short(number) for number in range(300, 600))))
    assert (heard[0].everything, len(heard[0].added), heard[0].wildcards) == (True, 900, False)


async def test_a_replaced_wildcard_is_told(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("services", SERVICES)
    heard: list[Changes] = []
    store.on_change(heard.append)
    await take(store, jsonl({"name": "services", "operator": "fixed", "sets": []}))
    assert heard[0].wildcards


async def test_an_import_and_a_put_go_on_beside_each_other(store: Store) -> None:
    await furnish(store)
    lines = jsonl(*(short(number) for number in range(60)))
    puts = (store.subscribers.put(f"p{number}", plain(f"p{number}", 5000000 + number)) for number in range(10))
    await asyncio.gather(take(store, lines, batch=5), *puts)
    assert len(await bodies(store)) == 70


async def test_a_whole_document_that_wants_values_of_others_is_refused_with_its_path(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    nobody = {"name": "x", "operator": "mobile", "sets": []}
    other = {"nai": "other@ims.example"}
    free, taken = {"uri": "sip:free@ims.example"}, {"uri": "sip:alice@ims.example"}
    side = {"msisdns": ["+491799", "+491715407001"]}
    bad = [
        ({"private_identities": [other, {"nai": NAI}]}, "private_identities.1.nai"),
        ({"private_identities": [other | {"imsi": IMSI}]}, "private_identities.0.imsi"),
        (
            {"sets": [{"identities": [free]}, {"identities": [free | {"uri": "tel:+4917"}, taken]}]},
            "sets.1.identities.1.uri",
        ),
        ({"circuit_switched": side | {"imsi": IMSI}}, "circuit_switched.imsi"),
        ({"circuit_switched": side}, "circuit_switched.msisdns.1"),
    ]
    report = await take(store, jsonl(*(nobody | parts for parts, _ in bad)))
    assert refusals(report) == [(line, path) for line, (_, path) in enumerate(bad, 1)]


async def test_pending_authentication_is_imported_and_exported(store: Store) -> None:
    await furnish(store)
    body = ALICE.model_dump(mode="json")
    body["sets"][0]["authentication_pending"] = True
    await take(store, jsonl(body))
    stored = await store.subscribers.get("alice")
    assert stored
    assert [group.authentication_pending for group in stored.document.sets] == [True, False]
    (line,) = (await given_file(store)).splitlines()
    assert json.loads(line)["sets"][0]["authentication_pending"] is True


async def test_secrets_need_a_key(store: Store) -> None:
    await furnish(store)
    keyless = Store(store.database, store.writer, None)
    report = await take(keyless, jsonl(short(1, k=K), short(2), {"name": "x", "operator": "mobile"} | SEALED))
    assert refusals(report) == [(1, "credentials"), (3, "private_identities.0.sealed")]
    assert report.created == 1


async def test_large_lines_make_smaller_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(store)
    monkeypatch.setattr("hss.store.bulk_cutting.CHUNK_OCTETS", 100)
    told = await reports(store, *(jsonl(short(number)) for number in range(6)))
    assert [report.line for report in told] == [2, 4, 6]


async def test_a_process_that_dies_ends_the_import_and_not_the_program(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await furnish(store)
    monkeypatch.setattr("hss.store.bulk_workers._read", die)
    taking = StoreBulk(store, long=2).take(stream([jsonl(short(1)), jsonl(short(2))]), form="jsonl", batch=1)
    assert (await anext(taking)).line == 1
    with pytest.raises(StoreUnavailable, match="came to its end"):
        await anext(taking)
    assert list(await bodies(store)) == ["262010000000001"]


def die(*_: object) -> None:
    os._exit(3)


async def test_a_database_that_fails_otherwise_is_no_clash(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(store)
    monkeypatch.setattr("hss.store.bulk_writing.insertion", lambda *_: "INSERT INTO nothing VALUES (1)")
    with pytest.raises(StoreUnavailable):
        await take(store, jsonl(short(1)))
    assert await bodies(store) == {}


async def test_what_came_is_written_although_nothing_more_comes(store: Store) -> None:
    await furnish(store)

    async def lines() -> AsyncIterator[bytes]:
        yield jsonl(short(1))
        await asyncio.Event().wait()

    for long in (1, 1000):
        taking = StoreBulk(store, long=long).take(lines(), form="jsonl", batch=1)
        assert (await anext(taking)).line == 1
        await taking.aclose()


async def test_what_came_is_written_before_the_error_of_the_source_counts(store: Store) -> None:
    await furnish(store)

    async def lines() -> AsyncIterator[bytes]:
        yield jsonl(short(1), short(2), short(3))
        raise ConnectionResetError

    taking = store.bulk.take(lines(), form="jsonl", batch=1)
    assert [(await anext(taking)).line for _ in range(3)] == [1, 2, 3]
    with pytest.raises(ConnectionResetError):
        await anext(taking)
    assert len(await bodies(store)) == 3
