"""Bodies of the management API, of bulk files and of the store's borders: what a person writes and reads.

A document is complete: PUT replaces it, PATCH merges into it and validates the result (RFC 7396).
References are natural keys (names, identities), never row numbers.
"""

from schemas.documents.document import Document
from schemas.documents.operators import (
    DiameterPeer,
    EntryNode,
    Icscf,
    IcscfEntry,
    IcscfPool,
    NumberBlock,
    Operator,
    OwnedBlock,
    OwnedNumber,
    OwnedPrefix,
    PortedNumber,
    ServerCapabilities,
    ServiceNumber,
)
from schemas.documents.services import (
    ApplicationServer,
    InitialFilterCriteria,
    ServicePointTrigger,
    ServiceProfile,
    SharedFilterCriteriaSet,
)
from schemas.documents.subscribers import (
    PUBLIC_SERVICES,
    WILDCARDED,
    Charging,
    CircuitSwitched,
    Contact,
    Credentials,
    Forwarding,
    NewSubscriber,
    PrivateIdentity,
    PublicIdentity,
    Registration,
    RegistrationSet,
    ServingCscf,
    Subscriber,
)

__all__ = [
    "PUBLIC_SERVICES",
    "WILDCARDED",
    "ApplicationServer",
    "Charging",
    "CircuitSwitched",
    "Contact",
    "Credentials",
    "DiameterPeer",
    "Document",
    "EntryNode",
    "Forwarding",
    "Icscf",
    "IcscfEntry",
    "IcscfPool",
    "InitialFilterCriteria",
    "NewSubscriber",
    "NumberBlock",
    "Operator",
    "OwnedBlock",
    "OwnedNumber",
    "OwnedPrefix",
    "PortedNumber",
    "PrivateIdentity",
    "PublicIdentity",
    "Registration",
    "RegistrationSet",
    "ServerCapabilities",
    "ServiceNumber",
    "ServicePointTrigger",
    "ServiceProfile",
    "ServingCscf",
    "SharedFilterCriteriaSet",
    "Subscriber",
]
