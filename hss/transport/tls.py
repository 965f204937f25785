"""TLS contexts from files, with errors that name the file and the rule."""

import ssl
from pathlib import Path


class TlsError(ValueError):
    """A certificate, key or authority cannot be used; the message names the file."""


def server_context(certificate: Path, key: Path, *, authority: Path | None = None) -> ssl.SSLContext:
    """Make the context of a listener; with an `authority`, each client must show a certificate that it signed.

    The files are PEM; `certificate` may hold the chain behind it. TLS 1.2 is the least that is spoken.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_own(context, certificate, key)
    if authority is not None:
        _load_authority(context, authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(
    *,
    authority: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    check: bool = True,
) -> ssl.SSLContext:
    """Make the context of a caller; without an `authority` the system's are used.

    `check=False` takes any certificate of the peer: for test beds only.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authority is not None:
        _load_authority(context, authority)
    if certificate is not None:
        _load_own(context, certificate, key or certificate)
    if not check:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load_own(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for path in (certificate, key):
        _readable(path)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise TlsError(f"certificate {certificate} and key {key} cannot be used together: {_words(error)}") from error


def _load_authority(context: ssl.SSLContext, authority: Path) -> None:
    _readable(authority)
    try:
        context.load_verify_locations(cafile=authority)
    except ssl.SSLError as error:
        raise TlsError(f"{authority} holds no certificate of an authority: {_words(error)}") from error


def _readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise TlsError(f"cannot read {path}: {error.strerror}") from error


def _no_password() -> str:
    """Refuse an encrypted key, for which the TLS library would ask the terminal."""
    raise ValueError("the key is encrypted; give one without a pass phrase")


def _words(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason).replace("_", " ").lower() if reason else str(error)
