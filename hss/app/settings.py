"""The configuration: every key is a flag of `hss serve`, a key of the TOML file and an environment variable.

`diameter_tcp` is `--diameter-tcp`, `diameter_tcp = "..."` and `HSS_DIAMETER_TCP`. The first of flag, environment,
file and default that is given counts.
"""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from hss.transport.address import Address, parse_addresses
from schemas.addresses import PointCode
from schemas.identities import Msisdn

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


def _gateways(text: str) -> str:
    for each in text.split():
        transport, colon, place = each.partition(":")
        if not colon or transport not in {"tcp", "sctp"}:
            raise ValueError("must be tcp:HOST:PORT or sctp:IP[,IP...]:PORT, several with a space in between")
        if transport == "tcp":
            Address.parse(place)
        else:
            parse_addresses(place)
    return text


def _routing_contexts(text: object) -> str:
    numbers = [part.strip() for part in str(text).split(",")]
    if not all(part.isascii() and part.isdecimal() and int(part) <= 0xFFFFFFFF for part in numbers):
        raise ValueError("must be numbers from 0 to 4294967295, with a comma in between")
    return ",".join(numbers)


def _point_code(value: object) -> object:
    return PointCode.parse(str(value)).number


HostName = Annotated[str, AfterValidator(_host_name)]
Listener = Annotated[str, AfterValidator(_listener)]
Association = Annotated[str, AfterValidator(_association)]
PointCodeNumber = Annotated[int, BeforeValidator(_point_code)]
Gateways = Annotated[str, AfterValidator(_gateways)]
RoutingContexts = Annotated[str, BeforeValidator(_routing_contexts)]
InternationalNumber = Annotated[str, AfterValidator(lambda text: "+" + Msisdn.parse(text).digits)]


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
    m3ua_tcp: Listener = Field("127.0.0.1:2905", description="MAP over M3UA over TCP: HOST:PORT, or off")
    m3ua_sctp: Association | None = Field(
        None, description="MAP over M3UA over SCTP: IP[,IP...]:PORT, or off (default: 127.0.0.1:2905 if possible)"
    )
    api: Listener = Field("127.0.0.1:8080", description="management API: HOST:PORT, or off")
    enum: Listener = Field("127.0.0.1:5353", description="ENUM (DNS) over UDP and TCP: HOST:PORT, or off")
    enum_suffix: HostName = Field("e164.arpa", description="domain below which ENUM answers")
    enum_porting: bool = Field(False, description="give number portability by ENUM, too (E2U+pstn:tel, RFC 4769)")
    sip: Listener = Field("127.0.0.1:5070", description="SIP redirect server over UDP: HOST:PORT, or off")

    tls_certificate: Path | None = Field(
        None, description="certificate chain of the TLS listener (PEM)", validate_default=True
    )
    tls_key: Path | None = Field(None, description="private key of the TLS listener (PEM)", validate_default=True)
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

    m3ua_connect: Gateways | None = Field(
        None, description="STPs or gateways to connect to as an ASP: tcp:HOST:PORT or sctp:IP[,IP...]:PORT, several"
    )
    routing_contexts: RoutingContexts | None = Field(
        None, description="M3UA routing contexts, with commas in between (default: whatever an ASP names)"
    )
    network_appearance: Annotated[int | None, Field(ge=0, le=0xFFFFFFFF)] = Field(
        None, description="M3UA network appearance (default: any)"
    )
    network_indicator: Annotated[int, Field(ge=0, le=3)] = Field(2, description="network indicator of what we begin")
    m3ua_beat_s: Annotated[float | None, Field(gt=0)] = Field(
        None, description="seconds between heart beats (BEAT) of an M3UA association (default: we send none)"
    )
    point_code: PointCodeNumber | None = Field(
        None, description="our point code, 0-0-2 or 2 (default: answer for the one that is asked)"
    )
    gateway_point_code: PointCodeNumber | None = Field(
        None, description="point code that gets the messages that we begin, for example an STP or the VLR"
    )
    hlr_number: InternationalNumber | None = Field(
        None, description="our global title (default: the HLR number that all operators share)"
    )
    map_version: Annotated[int, Field(ge=1, le=3)] = Field(3, description="highest MAP version that is understood")
    any_time_interrogation: bool = Field(True, description="answer MAP anyTimeInterrogation")
    vlr: Literal["emulated", "real"] = Field(
        "emulated", description="who gives roaming numbers: a pool of ours, or the VLR (provideRoamingNumber)"
    )
    roaming_number_s: Annotated[float, Field(ge=0.1, le=86400)] = Field(
        60.0, description="seconds for which a roaming number (MSRN of the emulated VLR, IMRN) is lent"
    )

    log: Literal["debug", "info", "warning", "error"] = Field("info", description="what is logged to standard error")

    @field_validator("tls_certificate", "tls_key")
    @classmethod
    def _is_there_for_tls(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None and info.data.get("diameter_tls", OFF) != OFF:
            raise ValueError("is needed where diameter_tls listens")
        return path

    @property
    def contexts(self) -> tuple[int, ...]:
        """The routing contexts as numbers."""
        return tuple(map(int, self.routing_contexts.split(","))) if self.routing_contexts else ()

    @property
    def shown_database(self) -> str:
        """The database as it may be printed: a password in a URL stays behind."""
        masked = re.sub(r"(?<=://)([^/@:]*):[^/]*@", r"\1:***@", self.database)
        return re.sub(r"([?&]password=)[^&]*", r"\1***", masked)

    @property
    def key_file(self) -> Path:
        """Where the key for secrets is."""
        if self.secrets_key_file is not None:
            return self.secrets_key_file
        return Path("homeward.key") if self.database.startswith("postgres") else Path(self.database + ".key")
