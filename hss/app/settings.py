"""The configuration: every key is a flag of `hss serve`, a key of the TOML file and an environment variable.

`diameter_tcp` is `--diameter-tcp`, `diameter_tcp = "..."` and `HSS_DIAMETER_TCP`. The first of flag, environment,
file and default that is given counts.
"""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hss.transport.address import Address, parse_addresses

OFF: Final = "off"


def _host_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", text):
        raise ValueError("must be a host name, for example hss.ims.example")
    return text.lower()


def _listener(text: str) -> str:
    if text != OFF:
        Address.parse(text)
    return text


def _association(text: str) -> str:
    if text != OFF:
        parse_addresses(text)
    return text


HostName = Annotated[str, AfterValidator(_host_name)]
Listener = Annotated[str, AfterValidator(_listener)]
Association = Annotated[str, AfterValidator(_association)]


class Settings(BaseModel):
    """All keys of the configuration, in the order in which `hss config show` prints them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database: str = Field("homeward.db", description="SQLite file, or a postgresql:// URL")
    secrets_key_file: Path | None = Field(
        None, description="file with the key that seals secrets at rest (default: the database's name with .key)"
    )

    origin_host: HostName = Field("hss.ims.example", description="Origin-Host of this node")
    origin_realm: HostName = Field("ims.example", description="Origin-Realm of this node")

    diameter_tcp: Listener = Field("127.0.0.1:3868", description="Diameter over TCP: HOST:PORT, or off")
    diameter_sctp: Association | None = Field(
        None, description="Diameter over SCTP: IP[,IP...]:PORT, or off (default: 127.0.0.1:3868 if possible)"
    )
    diameter_tls: Listener = Field(OFF, description="Diameter over TLS: HOST:PORT, or off")
    api: Listener = Field("127.0.0.1:8080", description="management API: HOST:PORT, or off")
    enum: Listener = Field("127.0.0.1:5353", description="ENUM (DNS) over UDP and TCP: HOST:PORT, or off")
    enum_suffix: HostName = Field("e164.arpa", description="domain below which ENUM answers")
    enum_porting: bool = Field(False, description="give number portability by ENUM, too (E2U+pstn:tel, RFC 4769)")
    sip: Listener = Field("127.0.0.1:5070", description="SIP redirect server over UDP: HOST:PORT, or off")

    tls_certificate: Path | None = Field(None, description="certificate chain of the TLS listener (PEM)")
    tls_key: Path | None = Field(None, description="private key of the TLS listener (PEM)")
    tls_ca: Path | None = Field(None, description="certificates that peers must be signed by (PEM)")
    api_token: str | None = Field(None, description="token that the API asks of callers that are not on loopback")

    accept_unknown_peers: Literal["loopback", "always", "never"] = Field(
        "loopback", description="Diameter peers that nobody configured: loopback, always, never"
    )
    second_connection: Literal["probe", "replace", "several"] = Field(
        "probe",
        description="a second connection with the same Origin-Host: probe the old one, replace it, allow several",
    )
    strict: bool = Field(False, description="refuse what RFC 6733 lets a receiver ignore")
    sip_uri_is_number: bool = Field(
        True, description="look up sip:+NUMBER@domain as tel:+NUMBER where it is not stored"
    )
    ims_restoration: bool = Field(False, description="support S-CSCF restoration (TS 23.380)")
    watchdog_s: Annotated[float, Field(ge=6)] = Field(30.0, description="Twinit of the Diameter watchdog, seconds")
    max_message_octets: Annotated[int, Field(ge=1024, le=16777212)] = Field(
        65536, description="longest Diameter message that is accepted, octets"
    )
    max_connections: Annotated[int, Field(ge=1, le=65536)] = Field(1024, description="connections of one listener")
    max_open_requests: Annotated[int, Field(ge=1)] = Field(1024, description="requests of one peer in work at once")
    cache_entries: Annotated[int, Field(ge=100)] = Field(200_000, description="identities kept in memory")

    log: Literal["debug", "info", "warning", "error"] = Field("info", description="what is logged to standard error")

    @property
    def key_file(self) -> Path:
        """Where the key for secrets is."""
        if self.secrets_key_file is not None:
            return self.secrets_key_file
        return Path("homeward.key") if self.database.startswith("postgres") else Path(self.database + ".key")
