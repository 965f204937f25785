"""Operators, their numbers and their nodes, and Diameter peers."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.documents.document import Document
from schemas.fields import (
    Host,
    IcscfHost,
    LentPrefix,
    Line,
    Name,
    Number,
    ObjectIdentifier,
    Port,
    SipUri,
    Unsigned32,
)
from schemas.numbers.map import DEFAULT_EXTENSION
from schemas.states import (
    AdministrativeState,
    EntryNodeKind,
    IcscfAnswer,
    OperatorType,
    SharingPolicy,
    Transport,
)


class ServerCapabilities(Document):
    """What an S-CSCF must or should be able to do. Source: TS 29.229 6.3.4."""

    mandatory: list[Unsigned32] = []
    optional: list[Unsigned32] = []
    names: list[SipUri] = []


class IcscfEntry(Document):
    """The responsible I-CSCF: one host, or a pool that shares the load."""

    host: IcscfHost | None = None
    port: Port | None = None
    pool: Name | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.host is None) == (self.pool is None):
            raise ValueError("an I-CSCF entry holds either host or pool")
        if self.pool is not None and self.port is not None:
            raise ValueError("port goes with host, not with pool")
        return self


class NumberBlock(Document):
    """A DDI stem or block with the number of digits that may follow it."""

    stem: Number
    minimum: Annotated[int, Field(ge=0, le=14)] = 0
    maximum: Annotated[int, Field(ge=0, le=14)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError("minimum must not be above maximum")
        if len(self.stem) - 1 + self.maximum > 15:
            raise ValueError("stem and maximum digits exceed the 15 digits of E.164")
        return self


class OwnedNumber(Document):
    """What a number adds that stands by itself: whose it is."""

    operator: Name


class OwnedBlock(NumberBlock, OwnedNumber):
    """A number block, and the operator that it belongs to."""


class OwnedPrefix(OwnedNumber):
    """A prefix, and the operator that it belongs to."""

    prefix: Number


class EntryNode(Document):
    """A Gateway-MSC or MGCF where calls from the telephone network enter."""

    name: Name
    kind: EntryNodeKind
    host: Host
    priority: Annotated[int, Field(ge=0, le=65535)] = 0
    weight: Annotated[int, Field(ge=0, le=65535)] = 1
    state: AdministrativeState = AdministrativeState.UP


class Operator(Document):
    """An IMS operator: its numbers, its domain, where its calls enter and which I-CSCF is responsible by default."""

    name: Name
    type: OperatorType
    home_domain: Host
    mcc: Annotated[str | None, Field(pattern=r"^[0-9]{3}$")] = None
    mnc: Annotated[str | None, Field(pattern=r"^[0-9]{2,3}$")] = None
    country_code: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")]
    area_code: Annotated[str | None, Field(pattern=r"^[1-9][0-9]{0,4}$")] = None
    trunk_prefix: Annotated[str | None, Field(pattern=r"^[0-9]{1,4}$")] = "0"
    international_prefix: Annotated[str, Field(pattern=r"^[0-9]{1,5}$")] = "00"
    prefixes: list[Number] = []
    blocks: list[NumberBlock] = []
    entry_nodes: list[EntryNode] = []
    icscf: IcscfEntry | None = None
    capabilities: ServerCapabilities = ServerCapabilities()
    hlr_number: Number | None = None
    answers_routing_info: bool = True
    icscf_answer: IcscfAnswer = IcscfAnswer.IMRN_AND_NAME
    extension_oid: ObjectIdentifier = DEFAULT_EXTENSION
    imrn_prefix: LentPrefix | None = None
    msrn_prefix: LentPrefix | None = None

    @model_validator(mode="before")
    @classmethod
    def _type_two_declines(cls, values: object) -> object:
        """Let a Type 2 operator, which has no Gateway-MSC, answer sendRoutingInfo only where it says so."""
        if isinstance(values, dict) and values.get("type") == 2 and "answers_routing_info" not in values:
            return {**values, "answers_routing_info": False}
        return values


class PortedNumber(Document):
    """A number that left its range. Either an operator of ours, or a routing number of another network."""

    number: Number
    operator: Name | None = None
    routing_number: Annotated[str | None, Field(pattern=r"^\+?[0-9A-Fa-f]{1,15}$")] = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.operator is None and self.routing_number is None:
            raise ValueError("a ported number needs operator or routing_number")
        return self


class Icscf(Document):
    """A member of a pool."""

    host: IcscfHost
    port: Port = 5060
    transport: Transport = Transport.UDP
    priority: Annotated[int, Field(ge=0, le=65535)] = 0
    weight: Annotated[int, Field(ge=0, le=65535)] = 1
    state: AdministrativeState = AdministrativeState.UP


class IcscfPool(Document):
    """I-CSCFs that share the load."""

    name: Name
    policy: SharingPolicy = SharingPolicy.RENDEZVOUS
    members: list[Icscf] = []

    @model_validator(mode="after")
    def _no_twins(self) -> Self:
        places = [(member.host, member.port) for member in self.members]
        if len(set(places)) < len(places):
            raise ValueError("two members have the same host and port")
        return self


class DiameterPeer(Document):
    """A Diameter node that may connect, or that this node connects to."""

    origin_host: Host
    realm: Host | None = None
    transport: Transport = Transport.TCP
    addresses: list[Line] = []
    port: Port = 3868
    connect: bool = False
    state: AdministrativeState = AdministrativeState.UP

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.connect and not self.addresses:
            raise ValueError("connect needs at least one entry in addresses")
        return self
