import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hss.services.administration import Changes
from hss.store.unit_of_work import ALL, PAYLOAD_OCTETS, joined, read, written

KEYS = st.frozensets(st.text(max_size=30), max_size=5)
CHANGES = st.builds(
    Changes,
    identities=KEYS,
    added=KEYS,
    msisdns=KEYS,
    ported=KEYS,
    peers=st.booleans(),
    wildcards=st.booleans(),
    everything=st.booleans(),
    numbering=st.booleans(),
)


@given(CHANGES)
def test_what_was_written_is_read_back(changes: Changes) -> None:
    assert read(written(changes, "me")) == ("me", changes)


@given(st.text())
def test_any_payload_is_read_or_means_everything(payload: str) -> None:
    sender, changes = read(payload)
    assert isinstance(changes, Changes)
    assert isinstance(sender, str)


@pytest.mark.parametrize("payload", ["", "{", "[]", "1", '{"identities": 3}'])
def test_what_cannot_be_read_means_everything(payload: str) -> None:
    assert read(payload) == ("", ALL)


@pytest.mark.parametrize("identity", ["sip:user{}@ims.example", "sip:ü{}@ims.example"])
def test_too_many_keys_mean_everything(identity: str) -> None:
    few = Changes(identities=frozenset(identity.format(number) for number in range(50)))
    many = Changes(identities=frozenset(identity.format(number) for number in range(1000)))
    assert read(written(few, "me")) == ("me", few)
    assert read(written(many, "me")) == ("me", ALL)
    assert len(written(many, "me").encode()) <= PAYLOAD_OCTETS


def test_too_many_ported_numbers_mean_that_numbering_changed() -> None:
    many = frozenset(f"49171{number:08}" for number in range(1000))
    identities = frozenset({"tel:+491711"})
    changes = Changes(identities=identities, ported=many)
    assert read(written(changes, "me")) == ("me", Changes(identities=identities, numbering=True))
    assert read(written(Changes(identities=many, ported=many), "me")) == ("me", ALL)


def test_the_payload_is_short_of_the_limit_to_the_octet() -> None:
    room = PAYLOAD_OCTETS - len(json.dumps({"from": "me", "msisdns": [""]}, separators=(",", ":")))
    fits, too_long = (Changes(msisdns=frozenset({"1" * length})) for length in (room, room + 1))
    assert len(written(fits, "me")) == PAYLOAD_OCTETS
    assert read(written(fits, "me"))[1] == fits
    assert read(written(too_long, "me"))[1] == ALL


@given(CHANGES, CHANGES)
def test_joined_changes_hold_both(one: Changes, other: Changes) -> None:
    both = joined(one, other)
    assert joined(other, one) == both
    assert joined(one, Changes()) == one
    assert both.identities >= one.identities | other.identities
    assert both.ported == one.ported | other.ported
    assert both.everything == (one.everything or other.everything)
