"""Tables of subscribers. The chapter of TS 23.008 stands beside a column where there is one.

Numbers are E.164 digits without the plus sign; identities are canonical (TS 23.003 13.4).
A row of `subscription` carries the version of the whole subscriber: every change of one of its parts raises it.
"""

from typing import Any

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field, SQLModel, UniqueConstraint

from schemas.columns import Key, Listed, index_of_some, words
from schemas.states import (
    AuthenticationScheme,
    ForkingMode,
    IdentityKind,
    IncomingBarring,
    RegistrationState,
    TerminatingPreference,
)


class SubscriptionRow(SQLModel, table=True):
    """An IMS subscription: what all its identities share."""

    __tablename__ = "subscription"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, sa_type=Key)
    operator_id: int = Field(foreign_key="operator.id", index=True)
    version: int = 1
    scscf_name: str | None = None  # 3.4.3
    scscf_host: str | None = None  # Origin-Host of the last SAR or MAR
    scscf_realm: str | None = None
    reassignment_pending: bool = False
    preferred_scscfs: list[str] | None = Field(default=None, sa_type=Listed)
    mandatory_capabilities: list[int] | None = Field(default=None, sa_type=Listed)  # 3.4.5
    optional_capabilities: list[int] | None = Field(default=None, sa_type=Listed)
    capability_names: list[str] | None = Field(default=None, sa_type=Listed)
    primary_collection: str | None = None  # 3.4.8
    secondary_collection: str | None = None
    primary_event: str | None = None
    secondary_event: str | None = None
    access_charging_class: str | None = None
    devices: int | None = None
    forking: ForkingMode = Field(default=ForkingMode.PARALLEL, sa_type=words(ForkingMode))
    ring_time_s: int = 30


class PrivateIdentityRow(SQLModel, table=True):
    """A private identity and its authentication data."""

    __tablename__ = "private_identity"

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    nai: str = Field(unique=True, sa_type=Key)  # 3.1.1
    imsi: str | None = Field(default=None, unique=True, sa_type=Key)  # 2.1.1.1
    scheme: AuthenticationScheme = Field(default=AuthenticationScheme.AKA, sa_type=words(AuthenticationScheme))
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)  # K, OP or OPc, HA1 or password; encrypted
    secret_names: list[str] | None = Field(default=None, sa_type=Listed)  # which of them `sealed` holds
    amf: str = "0000"
    sqn: int = Field(default=0, sa_type=BigInteger)


class RegistrationSetRow(SQLModel, table=True):
    """An implicit registration set and its state, which all its identities share."""

    __tablename__ = "registration_set"

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    state: RegistrationState = Field(  # 3.2.1
        default=RegistrationState.NOT_REGISTERED, sa_type=words(RegistrationState)
    )


class RegistrationRow(SQLModel, table=True):
    """A private identity may register a set; the state of the pair. The set is registered while one pair is."""

    __tablename__ = "registration"

    set_id: int = Field(foreign_key="registration_set.id", primary_key=True)
    private_id: int = Field(foreign_key="private_identity.id", primary_key=True, index=True)
    registered: bool = False
    authentication_pending: bool = False


class PublicIdentityRow(SQLModel, table=True):
    """A public identity. Its place in the set is the order of the identifiers."""

    __tablename__ = "public_identity"
    __table_args__ = (
        index_of_some("public_identity", "wildcard_prefix"),
        index_of_some("public_identity", "service_profile_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    set_id: int = Field(foreign_key="registration_set.id", index=True)
    uri: str = Field(unique=True, sa_type=Key)  # 3.1.2
    kind: IdentityKind = Field(default=IdentityKind.DISTINCT_USER, sa_type=words(IdentityKind))
    wildcard_prefix: str | None = Field(default=None, sa_type=Key)  # the fixed part of a wildcard
    barred: bool = False  # 3.3.2
    may_register: bool = True
    display_name: str | None = None
    service_profile_id: int | None = Field(default=None, foreign_key="service_profile.id")
    psi_active: bool = True
    application_server: str | None = None  # direct routing of a PSI


class CircuitSwitchedRow(SQLModel, table=True):
    """What a home location register holds."""

    __tablename__ = "circuit_switched"
    __table_args__ = (index_of_some("circuit_switched", "icscf_pool_id"),)

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id", unique=True)
    imsi: str | None = Field(default=None, unique=True, sa_type=Key)  # 2.1.1.1
    vlr_number: str | None = None  # 2.4.5
    msc_number: str | None = None  # 2.4.6
    voicebox: str | None = None
    icscf_host: str | None = None
    icscf_port: int | None = None
    icscf_pool_id: int | None = Field(default=None, foreign_key="icscf_pool.id")
    preference: TerminatingPreference = Field(
        default=TerminatingPreference.CS_FIRST, sa_type=words(TerminatingPreference)
    )
    forwardings: list[dict[str, Any]] | None = Field(default=None, sa_type=Listed)
    barring: IncomingBarring = Field(default=IncomingBarring.NONE, sa_type=words(IncomingBarring))


class MsisdnRow(SQLModel, table=True):
    """An MSISDN of a circuit-switched subscription."""

    __tablename__ = "msisdn"

    digits: str = Field(primary_key=True, sa_type=Key)  # 2.1.2
    circuit_switched_id: int = Field(foreign_key="circuit_switched.id", index=True)
    place: int = 0  # among the numbers of the subscription; the first one is the basic MSISDN


class ContactRow(SQLModel, table=True):
    """A registered contact of an implicit registration set."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("public_id", "uri"),)

    id: int | None = Field(default=None, primary_key=True)
    public_id: int = Field(foreign_key="public_identity.id", index=True)
    uri: str = Field(sa_type=Key)
    path: list[str] | None = Field(default=None, sa_type=Listed)
    q: float = 1.0
    expires_at: int | None = Field(default=None, sa_type=BigInteger)  # seconds since 1970
    instance: str | None = None
    device: str | None = None


class ServiceProfileRow(SQLModel, table=True):
    """Services of public identities."""

    __tablename__ = "service_profile"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, sa_type=Key)
    version: int = 1
    criteria: list[dict[str, Any]] | None = Field(default=None, sa_type=Listed)  # 3.5.2
    shared_sets: list[int] | None = Field(default=None, sa_type=Listed)
    subscribed_media_profile: int | None = None  # 3.5.1
    service_ids: list[str] | None = Field(default=None, sa_type=Listed)
    unregistered_services: bool = False  # some criterion, also of a shared set, applies to the unregistered part


class SharedFilterCriteriaSetRow(SQLModel, table=True):
    """Filter criteria that the S-CSCFs know under a number."""

    __tablename__ = "shared_filter_criteria_set"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = 1
    criteria: list[dict[str, Any]] | None = Field(default=None, sa_type=Listed)
    unregistered_services: bool = False


class DiameterPeerRow(SQLModel, table=True):
    """A Diameter node that may connect, or that this node connects to."""

    __tablename__ = "diameter_peer"

    id: int | None = Field(default=None, primary_key=True)
    origin_host: str = Field(unique=True, sa_type=Key)
    version: int = 1
    realm: str | None = None
    transport: str = "tcp"
    addresses: list[str] | None = Field(default=None, sa_type=Listed)
    port: int = 3868
    connect: bool = False
    state: str = "up"


class SealingRow(SQLModel, table=True):
    """The proof of the key that seals the secrets of this database; there is at most one row."""

    __tablename__ = "sealing"

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    proof: bytes = Field(sa_type=LargeBinary)
