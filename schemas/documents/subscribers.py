"""Subscribers: identities, registration sets, the circuit-switched side, contacts."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from schemas.documents.document import Document
from schemas.documents.operators import IcscfEntry, ServerCapabilities
from schemas.fields import (
    DiameterUri,
    Host,
    IcscfHost,
    ImpuText,
    ImsiText,
    Key,
    Line,
    NaiText,
    Name,
    Number,
    Seconds,
    Secret,
    SipUri,
    Unsigned31,
)
from schemas.identities import Impu, Wildcard
from schemas.states import (
    AuthenticationScheme,
    ForkingMode,
    ForwardingCondition,
    IdentityKind,
    IncomingBarring,
    RegistrationState,
    TerminatingPreference,
)

WILDCARDED: Final = frozenset({IdentityKind.WILDCARDED_PSI, IdentityKind.WILDCARDED_USER})
PUBLIC_SERVICES: Final = frozenset({IdentityKind.DISTINCT_PSI, IdentityKind.WILDCARDED_PSI})


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
    amf: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{4}$")] = "0000"
    sqn: Annotated[int, Field(ge=0, lt=1 << 48)] = 0

    @model_validator(mode="after")
    def _enough(self) -> Self:
        """Refuse credentials that the scheme cannot use; none at all may follow later."""
        given = self.credentials.model_fields_set if self.credentials else set()
        wanted = {"k"} if self.scheme is AuthenticationScheme.AKA else {"ha1", "password"}
        if given and given.isdisjoint(wanted):
            raise ValueError(f"{self.scheme.value} needs {' or '.join(sorted(wanted))} among the credentials")
        return self


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
    amf: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{4}$")] = "0000"
    sqn: Annotated[int, Field(ge=0, lt=1 << 48)] = 0
    password: Secret | None = None
    ha1: Key | None = None
    service_profile: Name | None = None
    vlr_number: Number | None = None
    msc_number: Number | None = None
    voicebox: Number | None = None
    preference: TerminatingPreference = TerminatingPreference.CS_FIRST
    icscf_host: IcscfHost | None = None
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
