"""Operators, their numbers and their nodes, and Diameter peers."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from schemas.documents.document import Document
from schemas.fields import (
    Digits,
    Host,
    IcscfHost,
    LentPrefix,
    Line,
    LocalNumber,
    Name,
    Number,
    ObjectIdentifier,
    PhoneContext,
    Port,
    RoutingCode,
    ServiceUrn,
    SipUri,
    Unsigned32,
)
from schemas.numbers.map import DEFAULT_EXTENSION
from schemas.states import (
    AdministrativeState,
    ContextRule,
    EntryNodeKind,
    IcscfAnswer,
    OperatorType,
    PortingForm,
    SharingPolicy,
    Transport,
)

MOST_CODES: Final = Field(max_length=1000)  # of one operator and kind


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


class OwnedBlock(OwnedNumber, NumberBlock):
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


class ServiceNumber(Document):
    """A short code, emergency or other service number that is never global, and what it stands for.

    `phone_context` = where it has this meaning; if none is given, + and the country code of who serves it.
    """

    number: LocalNumber
    phone_context: PhoneContext | None = None
    urn: ServiceUrn | None = None


class Operator(Document):
    """An operator: its numbers, its domain, where its calls enter and which I-CSCF is responsible by default.

    `home` = its subscribers are kept here; the default of `porting` is `rn` where they are not. From `country_code` to
    `strict_e164` stands the dial plan of its users; without `carrier_selection_prefixes` those of the country code
    count. `routing_numbers` and `carriers` (carrier identification codes) lead to it, `service_numbers` are served by
    it; one operator may have the `default_route`, for numbers that nobody has.
    """

    name: Name
    type: OperatorType
    home_domain: Host
    home: bool = True
    mcc: Annotated[str | None, Field(pattern=r"^[0-9]{3}$")] = None
    mnc: Annotated[str | None, Field(pattern=r"^[0-9]{2,3}$")] = None
    country_code: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")]
    area_code: Annotated[str | None, Field(pattern=r"^[1-9][0-9]{0,4}$")] = None
    trunk_prefix: Annotated[str | None, Field(pattern=r"^[0-9]{1,4}$")] = "0"
    international_prefix: Annotated[str, Field(pattern=r"^[0-9]{1,5}$")] = "00"
    carrier_selection_prefixes: Annotated[list[Digits], MOST_CODES] | None = None
    emergency_numbers: Annotated[list[Digits], MOST_CODES] = ["110", "112"]
    short_codes: Annotated[list[Digits], MOST_CODES] = ["115", "116117", "19222"]
    phone_contexts: Annotated[dict[PhoneContext, ContextRule], MOST_CODES] = {}
    routing_number_length: Annotated[int, Field(ge=1, le=15)] = 4
    strict_e164: bool = False
    prefixes: list[Number] = []
    blocks: list[NumberBlock] = []
    routing_numbers: Annotated[list[RoutingCode], MOST_CODES] = []
    carriers: Annotated[list[RoutingCode], MOST_CODES] = []
    default_route: bool = False
    porting: PortingForm = PortingForm.NONE
    service_numbers: Annotated[list[ServiceNumber], MOST_CODES] = []
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

    @model_validator(mode="after")
    def _others_want_routing_numbers(self) -> Self:
        """Tell whoever keeps subscribers elsewhere to where a number was ported."""
        if not self.home and "porting" not in self.model_fields_set:
            self.porting = PortingForm.RN
        return self

    @model_validator(mode="after")
    def _serves_its_own_country(self) -> Self:
        for service in self.service_numbers:
            service.phone_context = service.phone_context or "+" + self.country_code
        return self


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
