"""Secrets at rest: AES-256-GCM under the key of the configuration, a fresh random nonce for each (NIST SP 800-38D).

A sealed value is 1 octet of version, 12 octets of nonce, the encrypted octets and 16 octets of tag. What it belongs
to is authenticated with it, so a secret moved to another record does not open.
"""

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hss.store.errors import WrongKey

KEY_OCTETS: Final = 32
NONCE_OCTETS: Final = 12  # SP 800-38D 8.2
VERSION: Final = b"\x01"
CHECK: Final = b"homeward key check"  # the value, and what it belongs to, of the row that proves the key


class Sealer:
    """Seals and opens the secrets of one database; `random_octets` gives as many as it is asked for."""

    def __init__(self, key: bytes, random_octets: Callable[[int], bytes]) -> None:
        if len(key) != KEY_OCTETS:
            raise WrongKey(f"the key has {len(key)} octets; it must have {KEY_OCTETS}")
        self._made_with = (key, random_octets)
        self._cipher = AESGCM(key)
        self._random = random_octets

    def __reduce__(self) -> tuple[type["Sealer"], tuple[bytes, Callable[[int], bytes]]]:
        """Let a process of our own have a copy; the cipher itself cannot travel."""
        return Sealer, self._made_with

    def seal(self, secret: bytes, owner: str) -> bytes:
        """Encrypt `secret` of the record named `owner`."""
        nonce = self._random(NONCE_OCTETS)
        return VERSION + nonce + self._cipher.encrypt(nonce, secret, owner.encode())

    def open(self, sealed: bytes, owner: str) -> bytes:
        """Decrypt; raise `WrongKey` where key, record or octets are not those of the sealing."""
        if sealed[:1] != VERSION:
            raise WrongKey(f"the secret of {owner} was sealed in a way that this program does not know")
        try:
            return self._cipher.decrypt(sealed[1 : 1 + NONCE_OCTETS], sealed[1 + NONCE_OCTETS :], owner.encode())
        except (InvalidTag, ValueError) as error:
            raise WrongKey(f"the key of the configuration does not open the secret of {owner}") from error

    def proof(self) -> bytes:
        """Seal the value by which a later start recognises the key."""
        return self.seal(CHECK, CHECK.decode())

    def verify(self, proof: bytes) -> None:
        """Raise `WrongKey` where `proof` was sealed with another key."""
        try:
            self.open(proof, CHECK.decode())
        except WrongKey as error:
            raise WrongKey("the key of the configuration is not the one that sealed this database's secrets") from error
