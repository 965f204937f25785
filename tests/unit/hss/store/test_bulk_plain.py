"""The quick way of short forms makes the rows that the way over the documents makes."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hss.store.bulk_plain import CHECKS, PlainRows
from hss.store.bulk_reading import CSV, JSONL, Form, LineReader
from hss.store.bulk_rows import MODELS, PLAIN, WHOLE, Batch, Layout, OperatorFacts, References, Row, default_of
from hss.store.sealing import Sealer
from schemas.documents import NewSubscriber

REFERENCES = References(
    operators={
        "mobile": OperatorFacts(id=3, home_domain="ims.example", mnc="01"),
        "us": OperatorFacts(id=4, home_domain="us.example", mnc="410"),
        "silent": OperatorFacts(id=5, home_domain="silent.example", mnc=None),
    },
    profiles={"telephony": 9},
    pools={"south": 2},
)
SEALER = Sealer(bytes(32), bytes)  # the nonce is always zero, so the same secret gives the same octets

NUMBERS = st.sampled_from(
    ["+491711", "491711", "+49 171-1", "+49721", "", "+", "1" * 15, "+" + "1" * 16, "\uff11\uff12\uff13456", " +4917"]
)
KEYS = st.sampled_from(["0" * 32, "aB" * 16, "0" * 31, "g" * 32, "", " " + "0" * 32, "0" * 32 + "\n"])
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "operator": st.sampled_from(["mobile", "us", "silent", "nobody", " mobile"]),
    "name": st.sampled_from(["alice", "+49", "a b", "", "x" * 128, "x" * 129, "ä", "alice\n"]),
    "imsi": st.sampled_from(
        ["262011234567890", "310410123456789", "123456", "12345", "٠١٢٣٤٥٦", "1" * 16, " 262011234567890"]
    ),
    "msisdn": NUMBERS,
    "number": NUMBERS,
    "scheme": st.sampled_from(["Digest-AKAv1-MD5", "SIP Digest", "none"]),
    "k": KEYS,
    "op": KEYS,
    "opc": KEYS,
    "amf": st.sampled_from(["8000", "B9b9", "800", "g000"]),
    "sqn": st.sampled_from(
        ["0", "007", "281474976710655", "281474976710656", "99999999999999", "-1", "1_0", 5, True, 1.0]
    ),
    "password": st.just("geheim"),
    "ha1": KEYS,
    "service_profile": st.sampled_from(["telephony", "none"]),
    "vlr_number": NUMBERS,
    "msc_number": NUMBERS,
    "voicebox": NUMBERS,
    "preference": st.sampled_from(["cs-first", "ims-first", "ims-only", "first"]),
    "icscf_host": st.just("icscf.example"),
    "icscf_pool": st.sampled_from(["south", "north"]),
    "scscf": st.just("sip:s.example"),
    "state": st.sampled_from(["registered", "not-registered"]),
}
USUAL = {name: VALUES[name] | st.none() for name in ("name", "msisdn", "k", "opc")}
FIELDS = st.fixed_dictionaries(
    {"operator": VALUES["operator"]},
    optional={name: values for name, values in VALUES.items() if name != "operator"} | USUAL,
)
GOOD = st.fixed_dictionaries(
    {"operator": st.sampled_from(["mobile", "us", "silent"])},
    optional={
        "name": st.sampled_from(["alice", "+49"]),
        "imsi": st.sampled_from(["262011234567890", "310410123456789", "123456"]),
        "msisdn": st.sampled_from(["+491711", "49721"]),
        "number": st.sampled_from(["+49721", "491711"]),
        "k": st.just("aB" * 16),
        "op": st.just("0" * 32),
        "opc": st.just("1" * 32),
        "amf": st.just("B9b9"),
        "sqn": st.sampled_from(["007", "281474976710655"]),
        "service_profile": st.just("telephony"),
        "voicebox": st.just("4917"),
        "vlr_number": st.just("+4918"),
        "msc_number": st.just("+4919"),
        "preference": st.sampled_from(["cs-first", "ims-only"]),
    },
)


class Slow(PlainRows):
    """Finds no line plain."""

    def take(self, batch: Batch, line: int, fields: Mapping[str, Any]) -> bool:  # noqa: ARG002
        return False


def read(
    form: Form, line: bytes, monkeypatch: pytest.MonkeyPatch | None = None, sealer: Sealer | None = SEALER
) -> Batch:
    if monkeypatch:
        monkeypatch.setattr("hss.store.bulk_reading.PlainRows", Slow)
    return LineReader(form, REFERENCES, sealer).read(1, [line])


def whole(batch: Batch) -> dict[str, list[Row]]:
    """Give all rows with all columns."""
    found = {table: list(rows) for table, rows in batch.whole.items()}
    for table in PLAIN:
        found[table] += [full(PLAIN, table, row) for row in batch.plain[table]]
    return found


def full(layout: Layout, table: str, row: Row) -> Row:
    given_values = dict(zip(layout[table], row, strict=True))
    return tuple(
        given_values[column] if column in given_values else default_of(table, column) for column in WHOLE[table]
    )


def assert_the_same(form: Form, line: bytes, sealer: Sealer | None = SEALER) -> Batch:
    quick = read(form, line, sealer=sealer)
    with pytest.MonkeyPatch.context() as monkeypatch:
        slow = read(form, line, monkeypatch, sealer)
    assert whole(quick) == whole(slow)
    assert (quick.lines, quick.short, quick.used, quick.refused) == (slow.lines, slow.short, slow.used, slow.refused)
    assert quick.keeps_secrets == slow.keeps_secrets
    return quick


@settings(max_examples=300)
@given(FIELDS)
def test_json_gives_the_same_rows_both_ways(fields: dict[str, object]) -> None:
    assert_the_same(Form(name=JSONL), json.dumps(fields).encode())


@given(GOOD)
def test_good_json_gives_the_same_rows_both_ways_also_without_a_key(fields: dict[str, object]) -> None:
    for sealer in (SEALER, None):
        assert_the_same(Form(name=JSONL), json.dumps(fields).encode(), sealer)


@given(FIELDS)
def test_csv_gives_the_same_rows_both_ways(fields: dict[str, object]) -> None:
    given_fields = {name: str(value) for name, value in fields.items() if value is not None}
    if not any("\n" in value for value in given_fields.values()):
        assert_the_same(Form(name=CSV, columns=tuple(given_fields)), ",".join(given_fields.values()).encode())


def test_usual_lines_go_the_quick_way() -> None:
    fields = {"operator": "mobile", "imsi": "262011234567890", "msisdn": "+491711", "k": "0" * 32, "opc": "1" * 32}
    batch = assert_the_same(Form(name=JSONL), json.dumps(fields).encode())
    assert (len(batch.plain["public_identity"]), batch.whole["subscription"]) == (3, [])


def test_the_quick_way_knows_only_fields_of_the_short_form() -> None:
    assert CHECKS.keys() <= NewSubscriber.model_fields.keys()


def test_every_column_that_rows_leave_out_has_a_default() -> None:
    for table, columns in PLAIN.items():
        assert set(columns) <= set(WHOLE[table])
        assert all(not MODELS[table].model_fields[name].is_required() for name in set(WHOLE[table]) - set(columns))
