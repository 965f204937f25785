"""Export of whole subscribers, in every database."""

import json

import pytest

from hss.services.administration import Refused
from hss.store import bulk_giving
from hss.store.engine import Store
from schemas.documents import Subscriber
from tests.contract.bulk_samples import bodies, clear, given, jsonl, short, take
from tests.contract.store_samples import ALICE, OPC, SERVICES, K, furnish, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = (ALICE, SERVICES, plain("bob", 1), Subscriber(name="none", operator="mobile"))


async def fill(store: Store) -> None:
    await furnish(store)
    for document in ALL:
        await store.subscribers.put(document.name, document)
    await take(store, jsonl(short(1, k=K, opc=OPC, sqn=7), short(2, voicebox="+4917199")))


async def documents(store: Store) -> list[object]:
    stored = [await store.subscribers.get(name) for name in await bodies(store)]
    return [each and each.document for each in stored]


async def test_the_order_is_that_of_the_names(store: Store) -> None:
    await fill(store)
    names = [json.loads(line)["name"] for line in (await given(store)).splitlines()]
    assert names == sorted(names)
    assert len(names) == 6


async def test_each_line_is_the_stored_document(store: Store) -> None:
    await fill(store)
    read = [Subscriber.model_validate_json(line) for line in (await given(store)).splitlines()]
    assert read == await documents(store)


@pytest.mark.parametrize("window", [1, 2, 1000])
async def test_windows_of_any_size_give_the_same(store: Store, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(store)
    whole = await given(store)
    monkeypatch.setattr(bulk_giving, "WINDOW", window)
    assert await given(store) == whole


async def test_an_empty_database_gives_an_empty_file(store: Store) -> None:
    assert await given(store) == b""


async def test_what_was_exported_without_secrets_is_imported_without_them(store: Store) -> None:
    await fill(store)
    before, file = await documents(store), await given(store)
    await clear(store)
    report = await take(store, file)
    assert (report.created, report.refused) == (6, [])
    after = await documents(store)
    for document in (*before, *after):
        assert isinstance(document, Subscriber)
        for private in document.private_identities:
            private.has_credentials = []
    assert after == before
    assert b"sealed" not in file
    assert not any(secret.encode() in file for secret in (K, OPC, "correct horse"))


async def test_what_was_exported_with_sealed_secrets_is_imported_with_them(store: Store) -> None:
    await fill(store)
    before, file = await documents(store), await given(store, sealed=True)
    assert not any(secret.encode() in file for secret in (K, OPC, "correct horse"))
    await clear(store)
    assert (await take(store, file)).refused == []
    assert await documents(store) == before
    assert await given(store, sealed=True) == file


async def test_secrets_that_the_key_does_not_open_are_refused(store: Store) -> None:
    await fill(store)
    lines = (await given(store, sealed=True)).splitlines()
    (line,) = [line for line in lines if b'"name":"262010000000001"' in line]
    other = line.replace(b"262010000000001", b"262010000000009")  # the secret of somebody else
    report = await take(store, other, line.replace(b'"sealed":"', b'"sealed":"!'))
    assert [(refused.field, refused.rule) for refused in report.refused] == [
        ("private_identities.0.sealed", "does not open with the key of this database")
    ] * 2


async def test_sealed_secrets_need_the_form_that_has_room_for_them(store: Store) -> None:
    with pytest.raises(Refused, match="sealed"):
        await given(store, "csv", sealed=True)
    with pytest.raises(Refused, match="form"):
        await given(store, "xml")


async def test_csv_holds_the_short_forms(store: Store) -> None:
    await furnish(store)
    lines = [
        short(1, service_profile="telephony", voicebox="+4917199", preference="ims-only", sqn=7, amf="b9b9"),
        short(2, name="two", number="+49721957829", icscf_pool="south"),
        short(3, scscf='sip:s.example;a="1,2"', state="registered", icscf_host="i.example"),
        {"operator": "fixed", "number": "+497219578290", "scheme": "SIP Digest"},
    ]
    assert (await take(store, jsonl(*lines))).refused == []
    before, file = await bodies(store), await given(store, "csv")
    await clear(store)
    assert (await take(store, file, form="csv")).refused == []
    assert await bodies(store) == before


async def test_csv_leaves_out_whoever_has_no_short_form(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("services", SERVICES)
    await store.subscribers.put("none", ALL[-1])
    assert (await given(store, "csv")).count(b"\n") == 1
