"""Who may come in. Pure: header fields and addresses in, a problem or nothing out.

A caller on loopback needs no token, as long as it calls this host by a name of loopback (so that a web page which
rebinds its name to loopback gets nothing) and no proxy says that it calls for somebody else. All others bring one.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from hss.api.ports import ApiSettings, hash_token
from hss.api.problems import FORBIDDEN, MISDIRECTED, UNAUTHORISED, Problem
from schemas.hosts import is_loopback

OPEN: Final = ("/healthz", "/api/docs")  # without a token; they tell nothing about this service
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="homeward"'}
_PROXIED: Final = ("Forwarded", "X-Forwarded-For")


def peer_key(peer: str) -> str:
    """Name the one whose requests are counted: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None and not address.is_loopback:
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address)


def check(path: str, peer: str, headers: Mapping[str, str], settings: ApiSettings) -> None:
    """Let a caller in, or raise a problem."""
    _check_origin(headers)
    if path == OPEN[0] or path == OPEN[1] or path.startswith(f"{OPEN[1]}/"):
        return
    if "Authorization" not in headers and _is_trusted(peer, headers, settings):
        if not _is_own_name(headers.get("Host", ""), settings):
            raise Problem(MISDIRECTED, "On loopback, call this host localhost, 127.0.0.1 or [::1].")
        return
    _check_token(headers.get("Authorization", ""), settings)


def _is_trusted(peer: str, headers: Mapping[str, str], settings: ApiSettings) -> bool:
    return settings.loopback_open and is_loopback(peer) and not any(name in headers for name in _PROXIED)


def _is_own_name(host: str, settings: ApiSettings) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or name in settings.hosts or is_loopback(name)


def _check_origin(headers: Mapping[str, str]) -> None:
    """Refuse what a page of another origin sends; browsers say where a request comes from. A link may lead here."""
    origin = headers.get("Origin")
    foreign = origin is not None and origin.rpartition("://")[2] != headers.get("Host")
    followed = headers.get("Sec-Fetch-Mode") == "navigate"
    if foreign or (headers.get("Sec-Fetch-Site") == "cross-site" and not followed):
        raise Problem(FORBIDDEN, "Pages of other origins may not call this API.")


def _check_token(authorization: str, settings: ApiSettings) -> None:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(UNAUTHORISED, "Send Authorization: Bearer <token>.", headers=_CHALLENGE)
    given = hash_token(token.strip())
    # every hash is compared, so the time tells nothing
    if not sum([hmac.compare_digest(given, known) for known in settings.token_hashes]):
        raise Problem(
            UNAUTHORISED,
            "The token is not known.",
            headers={"WWW-Authenticate": f'{_CHALLENGE["WWW-Authenticate"]}, error="invalid_token"'},
        )
