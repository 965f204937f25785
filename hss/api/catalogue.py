"""The table of resources. To add one is to add one row: the handlers and the OpenAPI description follow from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from hss.api.parts import (
    CIRCUIT_SWITCHED,
    PRIVATE_IDENTITIES,
    PUBLIC_IDENTITIES,
    CircuitSwitchedPart,
    Parts,
    PrivateIdentityPart,
    PublicIdentityPart,
    circuit_switched_keys,
    public_identity_key,
)
from hss.api.ports import Services
from hss.services.administration import Resource
from schemas.documents import (
    DiameterPeer,
    Document,
    IcscfPool,
    Operator,
    OwnedBlock,
    OwnedPrefix,
    PortedNumber,
    ServiceProfile,
    SharedFilterCriteriaSet,
    Subscriber,
)

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[D]):
    """A kind of resource: its path below /api/v1, its document, its natural key and its filters."""

    path: str
    one: str  # what a person calls one of them
    many: str
    model: type[D]
    key: str  # the field that holds the natural key, or the first of them
    filters: Sequence[str] = ()  # a filter with the name of the key is its beginning
    example: Mapping[str, object]
    of: Callable[[Services], Resource[D]]
    keys: Callable[[D], Sequence[str]] | None = None  # where a record has more keys than one
    parse: Callable[[str], object] | None = None  # of a key in a path, where the type of the field does not do it
    notes: str = ""

    def keys_of(self, document: D) -> Sequence[str]:
        """Name the keys of a document; the first one is the natural key."""
        return self.keys(document) if self.keys else (str(getattr(document, self.key)),)


SUBSCRIPTIONS: Final = Kind(
    path="subscriptions",
    one="subscription",
    many="subscriptions",
    model=Subscriber,
    key="name",
    filters=("name", "identity", "operator", "state", "scheme"),
    example={
        "name": "alice",
        "operator": "mobile",
        "private_identities": [
            {
                "nai": "262011234567890@ims.mnc001.mcc262.3gppnetwork.org",
                "imsi": "262011234567890",
                "credentials": {
                    "k": "465b5ce8b199b49faa5f0a2ee238a6bc",
                    "opc": "cd63cb71954a9f4e48a5994e37a02baf",
                },
            }
        ],
        "sets": [
            {
                "identities": [{"uri": "tel:+491715407090"}, {"uri": "sip:alice@ims.example"}],
                "private_identities": ["262011234567890@ims.mnc001.mcc262.3gppnetwork.org"],
            }
        ],
    },
    of=lambda services: services.subscribers,
    notes="Secrets are written and never shown; where a private identity comes without credentials, its old ones stay.",
)

KINDS: Final[tuple[Kind[Any], ...]] = (
    Kind(
        path="operators",
        one="operator",
        many="operators",
        model=Operator,
        key="name",
        filters=("name", "home_domain", "type"),
        example={
            "name": "mobile",
            "type": 1,
            "home_domain": "ims.example",
            "mcc": "262",
            "mnc": "01",
            "country_code": "49",
            "prefixes": ["+49171"],
            "icscf": {"host": "icscf.ims.example", "port": 5060},
        },
        of=lambda services: services.operators,
    ),
    Kind(
        path="icscf-pools",
        one="I-CSCF pool",
        many="I-CSCF pools",
        model=IcscfPool,
        key="name",
        filters=("name",),
        example={
            "name": "south",
            "policy": "priority-weight",
            "members": [{"host": "icscf1.ims.example"}, {"host": "icscf2.ims.example", "weight": 3}],
        },
        of=lambda services: services.icscf_pools,
    ),
    Kind(
        path="prefixes",
        one="prefix",
        many="prefixes",
        model=OwnedPrefix,
        key="prefix",
        filters=("prefix", "operator"),
        example={"prefix": "+49172", "operator": "mobile"},
        of=lambda services: services.prefixes,
        notes="Prefixes of operators, one by one: the entity tag is that of the operator.",
    ),
    Kind(
        path="number-blocks",
        one="number block",
        many="number blocks",
        model=OwnedBlock,
        key="stem",
        filters=("stem", "operator"),
        example={"stem": "+49721957829", "operator": "mobile", "minimum": 1, "maximum": 4},
        of=lambda services: services.number_blocks,
        notes="Number blocks and DDI stems of operators, one by one: the entity tag is that of the operator.",
    ),
    Kind(
        path="service-profiles",
        one="service profile",
        many="service profiles",
        model=ServiceProfile,
        key="name",
        filters=("name",),
        example={
            "name": "telephony",
            "criteria": [
                {
                    "priority": 0,
                    "triggers": [{"method": "INVITE"}, {"session_case": 1, "group": [1]}],
                    "application_server": {"server_name": "sip:tas.ims.example:5060"},
                }
            ],
        },
        of=lambda services: services.service_profiles,
    ),
    Kind(
        path="shared-filter-criteria-sets",
        one="shared set of filter criteria",
        many="shared sets of filter criteria",
        model=SharedFilterCriteriaSet,
        key="number",
        filters=("number",),
        example={
            "number": 7,
            "criteria": [{"priority": 1, "application_server": {"server_name": "sip:presence.ims.example"}}],
        },
        of=lambda services: services.shared_filter_criteria_sets,
    ),
    SUBSCRIPTIONS,
    Kind(
        path="private-identities",
        one="private identity",
        many="private identities",
        model=PrivateIdentityPart,
        key="nai",
        filters=("subscription", "operator", "imsi", "scheme"),
        example={
            "nai": "alice-laptop@ims.example",
            "subscription": "alice",
            "scheme": "SIP Digest",
            "credentials": {"password": "correct horse battery staple"},
        },
        of=lambda services: Parts(services.subscribers, PRIVATE_IDENTITIES),
        notes="A part of its subscription: the entity tag is that of the subscription.",
    ),
    Kind(
        path="public-identities",
        one="public identity",
        many="public identities",
        model=PublicIdentityPart,
        key="uri",
        parse=public_identity_key,
        filters=("subscription", "operator", "kind", "barred", "service_profile", "state"),
        example={"uri": "sip:alice.home@ims.example", "subscription": "alice", "display_name": "Alice"},
        of=lambda services: Parts(services.subscribers, PUBLIC_IDENTITIES),
        notes="A part of its subscription: the entity tag is that of the subscription. Its contacts go with it.",
    ),
    Kind(
        path="circuit-switched",
        one="circuit-switched side",
        many="circuit-switched sides",
        model=CircuitSwitchedPart,
        key="msisdns",
        filters=("subscription", "operator", "preference", "barring"),
        example={"subscription": "alice", "msisdns": ["+491715407090"], "voicebox": "+491715407999"},
        of=lambda services: Parts(services.subscribers, CIRCUIT_SWITCHED),
        keys=circuit_switched_keys,
        notes="Found by any of its numbers or by its IMSI. A part of its subscription: the entity tag is that.",
    ),
    Kind(
        path="diameter-peers",
        one="Diameter peer",
        many="Diameter peers",
        model=DiameterPeer,
        key="origin_host",
        filters=("origin_host",),
        example={"origin_host": "icscf.ims.example", "realm": "ims.example"},
        of=lambda services: services.diameter_peers,
    ),
    Kind(
        path="ported-numbers",
        one="ported number",
        many="ported numbers",
        model=PortedNumber,
        key="number",
        filters=("number", "operator"),
        example={"number": "+491715407091", "operator": "mobile"},
        of=lambda services: services.ported_numbers,
    ),
)
