"""Bodies of the management API, of bulk files and of the store's borders: what a person writes and reads.

A document is complete: PUT replaces it, PATCH merges into it and validates the result (RFC 7396).
References are natural keys (names, identities), never row numbers.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from schemas.fields import (
    DiameterUri,
    Host,
    ImpuText,
    ImsiText,
    Key,
    Line,
    NaiText,
    Name,
    Number,
    Port,
    Seconds,
    Secret,
    SipUri,
    Text,
    Unsigned31,
    Unsigned32,
)
from schemas.identities import Impu, Wildcard
from schemas.states import (
    AdministrativeState,
    AuthenticationScheme,
    EntryNodeKind,
    ForkingMode,
    ForwardingCondition,
    IcscfAnswer,
    IdentityKind,
    IncomingBarring,
    OperatorType,
    RegistrationState,
    SharingPolicy,
    TerminatingPreference,
    Transport,
)

WILDCARDED: Final = frozenset({IdentityKind.WILDCARDED_PSI, IdentityKind.WILDCARDED_USER})
PUBLIC_SERVICES: Final = frozenset({IdentityKind.DISTINCT_PSI, IdentityKind.WILDCARDED_PSI})


class Document(BaseModel):
    """A body: unknown fields are refused, text is trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, defer_build=True)


# --- Operators and nodes ---------------------------------------------------------------------------------------------


class ServerCapabilities(Document):
    """What an S-CSCF must or should be able to do. Source: TS 29.229 6.3.4."""

    mandatory: list[Unsigned32] = []
    optional: list[Unsigned32] = []
    names: list[SipUri] = []


class IcscfEntry(Document):
    """The responsible I-CSCF: one host, or a pool that shares the load."""

    host: Host | None = None
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
    extension_oid: Annotated[str, Field(pattern=r"^[0-2](\.[0-9]+){2,15}$")] = "1.3.6.1.4.1.32473.1.1"
    imrn_prefix: Number | None = None
    msrn_prefix: Number | None = None

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

    host: Host
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


# --- Service profiles ------------------------------------------------------------------------------------------------


class ServicePointTrigger(Document):
    """One condition of a trigger point; exactly one kind of test. Source: TS 29.228 annex B."""

    group: list[Unsigned31] = [0]
    negated: bool = False
    request_uri: Line | None = None
    method: Line | None = None
    header: Line | None = None
    header_content: Text | None = None
    session_case: Annotated[int | None, Field(ge=0, le=4)] = None
    session_description_line: Line | None = None
    session_description_content: Text | None = None
    registration_types: list[Annotated[int, Field(ge=0, le=2)]] = Field(default=[], max_length=2)

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        tests = (self.request_uri, self.method, self.header, self.session_case, self.session_description_line)
        if sum(test is not None for test in tests) != 1:
            raise ValueError(
                "exactly one of request_uri, method, header, session_case, session_description_line is needed"
            )
        return self


class ApplicationServer(Document):
    """Where a matching request goes."""

    server_name: SipUri
    default_handling: Literal["continued", "terminated"] = "continued"
    service_info: Text | None = None
    include_register_request: bool = False
    include_register_response: bool = False


class InitialFilterCriteria(Document):
    """When an application server takes part; lower priority first. Source: TS 29.228 annex B."""

    priority: Unsigned31
    conjunctive: bool = True
    triggers: list[ServicePointTrigger] = []
    application_server: ApplicationServer
    profile_part: Literal["registered", "unregistered"] | None = None


class SharedFilterCriteriaSet(Document):
    """Filter criteria that the S-CSCFs know under a number."""

    number: Unsigned31
    criteria: list[InitialFilterCriteria] = []


class ServiceProfile(Document):
    """Services of public identities."""

    name: Name
    criteria: list[InitialFilterCriteria] = []
    shared_sets: list[Unsigned31] = []
    subscribed_media_profile: Unsigned31 | None = None
    service_ids: list[Line] = []

    @model_validator(mode="after")
    def _distinct_priorities(self) -> Self:
        priorities = [criterion.priority for criterion in self.criteria]
        if len(set(priorities)) < len(priorities):
            raise ValueError("two criteria have the same priority")
        return self


# --- Subscribers -----------------------------------------------------------------------------------------------------


class Credentials(Document):
    """Secrets of a private identity: written, never shown."""

    k: Key | None = None
    op: Key | None = None
    opc: Key | None = None
    ha1: Key | None = None
    password: Secret | None = None

    @model_validator(mode="after")
    def _no_doubles(self) -> Self:
        if self.op and self.opc:
            raise ValueError("op and opc exclude each other")
        if self.ha1 and self.password:
            raise ValueError("ha1 and password exclude each other")
        return self


class PrivateIdentity(Document):
    """A private identity with its authentication data. Source: TS 23.003 13.3, TS 33.203."""

    nai: NaiText
    imsi: ImsiText | None = None
    scheme: AuthenticationScheme = AuthenticationScheme.AKA
    credentials: Annotated[Credentials | None, Field(exclude=True, description="write-only")] = None
    has_credentials: Annotated[list[str], Field(description="read-only: the names of the secrets that are set")] = []
    amf: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{4}$")] = "8000"
    sqn: Annotated[int, Field(ge=0, lt=1 << 48)] = 0


class PublicIdentity(Document):
    """A public identity. Source: TS 23.003 13.4 and 13.5, TS 29.228 annex B."""

    kind: IdentityKind = IdentityKind.DISTINCT_USER
    uri: str
    barred: bool = False
    may_register: bool = True
    display_name: Line | None = None
    service_profile: Name | None = None
    psi_active: bool = True
    application_server: SipUri | None = None

    @field_validator("uri")
    @classmethod
    def _canonical(cls, text: str, info: ValidationInfo) -> str:
        """Canonicalise a distinct identity; a wildcard stays as it is given, its expression is no URI."""
        if any(ord(character) < 0x20 for character in text):
            raise ValueError("must not have control characters")
        if info.data.get("kind") in WILDCARDED:
            return Wildcard.parse(text).uri
        return Impu.parse(text).uri

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        if self.application_server is not None and self.kind not in PUBLIC_SERVICES:
            raise ValueError("application_server (direct routing) is for public service identities")
        return self


class RegistrationSet(Document):
    """An implicit registration set: identities that are registered together, by any of the private identities named.

    The first identity that is not barred is the default one.
    """

    identities: Annotated[list[PublicIdentity], Field(min_length=1)]
    private_identities: list[NaiText] = []
    state: RegistrationState = RegistrationState.NOT_REGISTERED
    authentication_pending: bool = False


class Contact(Document):
    """A registered contact. Source: RFC 3261 10, RFC 3327, RFC 5626."""

    identity: ImpuText
    uri: SipUri
    path: list[SipUri] = []
    q: Annotated[float, Field(ge=0, le=1)] = 1.0
    expires_at: Annotated[Seconds | None, Field(description="seconds since 1970; null: does not expire")] = None
    instance: Line | None = None
    device: Line | None = None


class Forwarding(Document):
    """Call forwarding under one condition. Source: TS 22.082."""

    condition: ForwardingCondition
    number: Number
    active: bool = True


class CircuitSwitched(Document):
    """The circuit-switched side: what a home location register holds. Source: TS 23.008 2."""

    imsi: ImsiText | None = None
    msisdns: Annotated[list[Number], Field(min_length=1)]
    vlr_number: Number | None = None
    msc_number: Number | None = None
    voicebox: Number | None = None
    icscf: IcscfEntry | None = None
    preference: TerminatingPreference = TerminatingPreference.CS_FIRST
    forwardings: list[Forwarding] = []
    barring: IncomingBarring = IncomingBarring.NONE

    @model_validator(mode="after")
    def _one_forwarding_each(self) -> Self:
        conditions = [forwarding.condition for forwarding in self.forwardings]
        if len(set(conditions)) < len(conditions):
            raise ValueError("two forwardings have the same condition")
        return self


class ServingCscf(Document):
    """The S-CSCF that serves a subscription, and its Diameter identity."""

    name: SipUri
    host: Host | None = None
    realm: Host | None = None


class Charging(Document):
    """Charging functions. Source: TS 29.229 6.3.19 to 6.3.22."""

    primary_collection: DiameterUri | None = None
    secondary_collection: DiameterUri | None = None
    primary_event: DiameterUri | None = None
    secondary_event: DiameterUri | None = None


class Subscriber(Document):
    """A whole subscription: identities, circuit-switched side, S-CSCF and contacts."""

    name: Name
    operator: Name
    private_identities: list[PrivateIdentity] = []
    sets: list[RegistrationSet] = []
    circuit_switched: CircuitSwitched | None = None
    scscf: ServingCscf | None = None
    reassignment_pending: bool = False
    preferred_scscfs: list[SipUri] = []
    capabilities: ServerCapabilities | None = None
    charging: Charging = Charging()
    access_charging_class: Annotated[Line | None, Field(max_length=64)] = None
    devices: Unsigned31 | None = None
    forking: ForkingMode = ForkingMode.PARALLEL
    ring_time_s: Annotated[int, Field(ge=1, le=600)] = 30
    contacts: list[Contact] = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        own = {private.nai for private in self.private_identities}
        uris = [public.uri for group in self.sets for public in group.identities]
        if len(own) < len(self.private_identities):
            raise ValueError("two private identities are the same")
        if len(set(uris)) < len(uris):
            raise ValueError("two public identities are the same")
        if strange := {nai for group in self.sets for nai in group.private_identities} - own:
            raise ValueError(f"sets name private identities that the subscriber has not: {', '.join(sorted(strange))}")
        if homeless := {contact.identity for contact in self.contacts} - set(uris):
            raise ValueError(f"contacts of identities that the subscriber has not: {', '.join(sorted(homeless))}")
        return self


class NewSubscriber(Document):
    """The short form: an IMSI, a number or both; everything else is derived (TS 23.003 13) or defaulted."""

    operator: Name
    name: Name | None = None
    imsi: ImsiText | None = None
    msisdn: Number | None = None
    number: Annotated[Number | None, Field(description="a fixed number, not an MSISDN")] = None
    scheme: AuthenticationScheme = AuthenticationScheme.AKA
    k: Key | None = None
    op: Key | None = None
    opc: Key | None = None
    amf: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{4}$")] = "8000"
    sqn: Annotated[int, Field(ge=0, lt=1 << 48)] = 0
    password: Secret | None = None
    ha1: Key | None = None
    service_profile: Name | None = None
    vlr_number: Number | None = None
    msc_number: Number | None = None
    voicebox: Number | None = None
    preference: TerminatingPreference = TerminatingPreference.CS_FIRST
    icscf_host: Host | None = None
    icscf_pool: Name | None = None
    scscf: SipUri | None = None
    state: RegistrationState = RegistrationState.NOT_REGISTERED

    @model_validator(mode="after")
    def _identifiable(self) -> Self:
        if self.imsi is None and self.msisdn is None and self.number is None:
            raise ValueError("imsi, msisdn or number is needed")
        if self.icscf_host and self.icscf_pool:
            raise ValueError("icscf_host and icscf_pool exclude each other")
        return self


class Registration(Document):
    """Registration state as a test bed sets it by hand."""

    state: Literal["not-registered", "registered", "unregistered", "authentication-pending"]
    scscf: ServingCscf | None = None
