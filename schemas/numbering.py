"""Tables of operators, their numbers and their nodes. Numbers are E.164 digits without the plus sign."""

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, UniqueConstraint

from schemas.columns import Key, Listed, words
from schemas.states import AdministrativeState, EntryNodeKind, IcscfAnswer, PortingForm, SharingPolicy, Transport


class OperatorRow(SQLModel, table=True):
    """An operator."""

    __tablename__ = "operator"
    __table_args__ = (
        Index(
            "ix_operator_default_route",
            "default_route",
            unique=True,
            sqlite_where=text("default_route"),
            postgresql_where=text("default_route"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, sa_type=Key)
    version: int = 1
    type: int
    home_domain: str = Field(index=True)
    home: bool = True
    mcc: str | None = None
    mnc: str | None = None
    country_code: str
    area_code: str | None = None
    trunk_prefix: str | None = "0"
    international_prefix: str = "00"
    carrier_selection_prefixes: list[str] | None = Field(default=None, sa_type=Listed)
    emergency_numbers: list[str] | None = Field(default=None, sa_type=Listed)  # None: as the document has it
    short_codes: list[str] | None = Field(default=None, sa_type=Listed)
    phone_contexts: dict[str, str] | None = Field(default=None, sa_type=Listed)
    routing_number_length: int = 4
    strict_e164: bool = False
    default_route: bool = False
    porting: PortingForm = Field(default=PortingForm.NONE, sa_type=words(PortingForm))
    icscf_host: str | None = None
    icscf_port: int | None = None
    icscf_pool_id: int | None = Field(default=None, foreign_key="icscf_pool.id", index=True)
    mandatory_capabilities: list[int] | None = Field(default=None, sa_type=Listed)
    optional_capabilities: list[int] | None = Field(default=None, sa_type=Listed)
    capability_names: list[str] | None = Field(default=None, sa_type=Listed)
    hlr_number: str | None = None
    answers_routing_info: bool = True
    icscf_answer: IcscfAnswer = Field(default=IcscfAnswer.IMRN_AND_NAME, sa_type=words(IcscfAnswer))
    extension_oid: str = "1.3.6.1.4.1.32473.1.1"
    imrn_prefix: str | None = None
    msrn_prefix: str | None = None


class NumberPrefixRow(SQLModel, table=True):
    """A prefix of a Type 1 operator."""

    __tablename__ = "number_prefix"

    digits: str = Field(primary_key=True, sa_type=Key)
    operator_id: int = Field(foreign_key="operator.id", index=True)


class NumberBlockRow(SQLModel, table=True):
    """A number block or DDI stem of a Type 2 operator, with the digits that may follow."""

    __tablename__ = "number_block"

    stem: str = Field(primary_key=True, sa_type=Key)
    operator_id: int = Field(foreign_key="operator.id", index=True)
    minimum: int
    maximum: int


class RoutingNumberRow(SQLModel, table=True):
    """A routing number of an operator, or its beginning; global ones with their plus sign. Source: RFC 4694 4."""

    __tablename__ = "routing_number"

    code: str = Field(primary_key=True, sa_type=Key)
    operator_id: int = Field(foreign_key="operator.id", index=True)


class CarrierRow(SQLModel, table=True):
    """A carrier identification code of an operator; global ones with their plus sign. Source: RFC 4694 4."""

    __tablename__ = "carrier"

    code: str = Field(primary_key=True, sa_type=Key)
    operator_id: int = Field(foreign_key="operator.id", index=True)


class ServiceNumberRow(SQLModel, table=True):
    """A short code, emergency or other service number, and who serves it. Source: RFC 3966 5.1.5, RFC 5031."""

    __tablename__ = "service_number"

    digits: str = Field(primary_key=True, sa_type=Key)
    context: str = Field(primary_key=True, sa_type=Key)
    operator_id: int = Field(foreign_key="operator.id", index=True)
    urn: str | None = None


class PortedNumberRow(SQLModel, table=True):
    """A number that left its range."""

    __tablename__ = "ported_number"

    digits: str = Field(primary_key=True, sa_type=Key)
    version: int = 1
    operator_id: int | None = Field(default=None, foreign_key="operator.id", index=True)
    routing_number: str | None = None


class EntryNodeRow(SQLModel, table=True):
    """A Gateway-MSC or MGCF of an operator."""

    __tablename__ = "entry_node"
    __table_args__ = (UniqueConstraint("operator_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    operator_id: int = Field(foreign_key="operator.id", index=True)
    name: str = Field(sa_type=Key)
    kind: EntryNodeKind = Field(sa_type=words(EntryNodeKind))
    host: str
    priority: int = 0
    weight: int = 1
    state: AdministrativeState = Field(default=AdministrativeState.UP, sa_type=words(AdministrativeState))


class IcscfPoolRow(SQLModel, table=True):
    """I-CSCFs that share the load."""

    __tablename__ = "icscf_pool"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, sa_type=Key)
    version: int = 1
    policy: SharingPolicy = Field(default=SharingPolicy.RENDEZVOUS, sa_type=words(SharingPolicy))


class IcscfRow(SQLModel, table=True):
    """A member of a pool."""

    __tablename__ = "icscf"
    __table_args__ = (UniqueConstraint("pool_id", "host", "port"),)

    id: int | None = Field(default=None, primary_key=True)
    pool_id: int = Field(foreign_key="icscf_pool.id", index=True)
    host: str
    port: int = 5060
    transport: Transport = Field(default=Transport.UDP, sa_type=words(Transport))
    priority: int = 0
    weight: int = 1
    state: AdministrativeState = Field(default=AdministrativeState.UP, sa_type=words(AdministrativeState))
