"""The key that seals secrets at rest: 32 octets, in hexadecimal, in a file that only its owner reads."""

import os
import secrets
from pathlib import Path
from typing import Final

KEY_OCTETS: Final = 32


class KeyUnusable(Exception):
    """The key file cannot be read, or holds no key; the message names the file."""


def read_key(path: Path) -> bytes:
    """Read the key; where there is no file yet, draw a key and write it."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return _draw(path)
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"secrets_key_file {path}: {error}") from error
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise KeyUnusable(f"secrets_key_file {path}: must hold 64 hexadecimal digits") from error
    if len(key) != KEY_OCTETS:
        raise KeyUnusable(f"secrets_key_file {path}: must hold 64 hexadecimal digits, not {len(text)}")
    return key


def _draw(path: Path) -> bytes:
    key = secrets.token_bytes(KEY_OCTETS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(key.hex() + "\n")
    except OSError as error:
        raise KeyUnusable(f"secrets_key_file {path}: {error}") from error
    return key
