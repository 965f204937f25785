"""Sample data: one customer with a mobile and a fixed number, and everybody else whom a call can meet."""

import json
from importlib.resources import files
from typing import Any, Final

from hss.services.administration import Resource, VersionMismatch
from hss.store.engine import Store
from schemas.documents import (
    DiameterPeer,
    Document,
    IcscfPool,
    Operator,
    PortedNumber,
    ServiceProfile,
    SharedFilterCriteriaSet,
    Subscriber,
)

# Resource, its document and its key field, in the order in which they depend on each other.
KINDS: Final[dict[str, tuple[type[Document], str]]] = {
    "icscf-pools": (IcscfPool, "name"),
    "operators": (Operator, "name"),
    "shared-filter-criteria-sets": (SharedFilterCriteriaSet, "number"),
    "service-profiles": (ServiceProfile, "name"),
    "subscriptions": (Subscriber, "name"),
    "ported-numbers": (PortedNumber, "number"),
    "diameter-peers": (DiameterPeer, "origin_host"),
}


async def load_sample(store: Store) -> int:
    """Put the sample records that are not there yet; give their number. Records that exist stay as they are."""
    bundle = json.loads(files("hss.app").joinpath("data/sample.json").read_text())
    resources: dict[str, Resource[Any]] = {
        "icscf-pools": store.icscf_pools,
        "operators": store.operators,
        "shared-filter-criteria-sets": store.shared_filter_criteria_sets,
        "service-profiles": store.service_profiles,
        "subscriptions": store.subscribers,
        "ported-numbers": store.ported_numbers,
        "diameter-peers": store.diameter_peers,
    }
    created = 0
    for kind, (document, key) in KINDS.items():
        for values in bundle[kind]:
            try:
                await resources[kind].put(str(values[key]), document.model_validate(values), expected=0)
            except VersionMismatch:
                continue
            created += 1
    return created
