import pytest

from hss.store.errors import WrongKey
from hss.store.sealing import KEY_OCTETS, NONCE_OCTETS, Sealer

KEY = bytes(range(32))


def sealer(key: bytes = KEY) -> Sealer:
    return Sealer(key, lambda octets: b"n" * octets)


def test_what_was_sealed_opens() -> None:
    assert sealer().open(sealer().seal(b"secret", "alice"), "alice") == b"secret"


def test_the_nonce_comes_from_the_argument_and_stands_in_front() -> None:
    asked: list[int] = []

    def draw(octets: int) -> bytes:
        asked.append(octets)
        return bytes(octets)

    sealed = Sealer(KEY, draw).seal(b"secret", "alice")
    assert (asked, sealed[: 1 + NONCE_OCTETS]) == ([NONCE_OCTETS], b"\x01" + bytes(NONCE_OCTETS))
    assert b"secret" not in sealed


@pytest.mark.parametrize(
    ("octets", "owner", "key"),
    [
        (sealer().seal(b"secret", "alice"), "bob", KEY),
        (sealer().seal(b"secret", "alice"), "alice", bytes(32)),
        (sealer().seal(b"secret", "alice")[:-1], "alice", KEY),
        (b"\x01", "alice", KEY),
        (b"", "alice", KEY),
        (b"\x02" + sealer().seal(b"secret", "alice")[1:], "alice", KEY),
    ],
)
def test_what_is_not_as_it_was_sealed_does_not_open(octets: bytes, owner: str, key: bytes) -> None:
    with pytest.raises(WrongKey):
        sealer(key).open(octets, owner)


def test_a_key_recognises_its_own_proof_only() -> None:
    proof = sealer().proof()
    sealer().verify(proof)
    with pytest.raises(WrongKey, match="this database"):
        sealer(bytes(32)).verify(proof)


@pytest.mark.parametrize("octets", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(octets: int) -> None:
    with pytest.raises(WrongKey, match=str(KEY_OCTETS)):
        sealer(bytes(octets))
