"""Documents that the tests of the store write."""

from hss.store.engine import Store
from schemas.documents import (
    IcscfPool,
    Operator,
    ServiceProfile,
    SharedFilterCriteriaSet,
    Subscriber,
)

IMSI = "262011234567890"
NAI = f"{IMSI}@ims.mnc001.mcc262.3gppnetwork.org"
K = "465b5ce8b199b49faa5f0a2ee238a6bc"
OPC = "cd63cb71954a9f4e48a5994e37a02baf"

POOL = IcscfPool.model_validate(
    {"name": "south", "policy": "priority-weight", "members": [{"host": "i1.example"}, {"host": "i2.example"}]}
)
MOBILE = Operator.model_validate(
    {
        "name": "mobile",
        "type": 1,
        "home_domain": "ims.example",
        "mcc": "262",
        "mnc": "01",
        "country_code": "49",
        "prefixes": ["+49171", "+49170"],
        "entry_nodes": [{"name": "g1", "kind": "gmsc", "host": "g1.example"}],
        "icscf": {"pool": "south"},
        "capabilities": {"mandatory": [1, 2], "names": ["sip:scscf9.ims.example"]},
        "hlr_number": "+4917100000",
        "imrn_prefix": "+491710009",
    }
)
FIXED = Operator.model_validate(
    {
        "name": "fixed",
        "type": 2,
        "home_domain": "fixed.example",
        "country_code": "49",
        "area_code": "721",
        "blocks": [{"stem": "+49721957829", "minimum": 0, "maximum": 3}],
        "entry_nodes": [{"name": "m1", "kind": "mgcf", "host": "m1.example"}],
        "icscf": {"host": "icscf.fixed.example", "port": 4060},
    }
)
SHARED = SharedFilterCriteriaSet.model_validate(
    {
        "number": 7,
        "criteria": [
            {"priority": 1, "application_server": {"server_name": "sip:as.example"}, "profile_part": "registered"}
        ],
    }
)
TELEPHONY = ServiceProfile.model_validate(
    {
        "name": "telephony",
        "criteria": [
            {
                "priority": 0,
                "triggers": [{"method": "INVITE"}],
                "application_server": {"server_name": "sip:tas.example"},
                "profile_part": "registered",
            }
        ],
        "shared_sets": [7],
        "subscribed_media_profile": 3,
        "service_ids": ["urn:x"],
    }
)
ALICE = Subscriber.model_validate(
    {
        "name": "alice",
        "operator": "mobile",
        "private_identities": [
            {"nai": NAI, "imsi": IMSI, "credentials": {"k": K, "opc": OPC}, "amf": "b9b9", "sqn": 0xFFFFFFFFFFFF},
            {"nai": "alice-desk@ims.example", "scheme": "SIP Digest", "credentials": {"password": "correct horse"}},
        ],
        "sets": [
            {
                "identities": [
                    {"uri": "tel:+491715407090", "service_profile": "telephony", "display_name": "Alice Ä"},
                    {"uri": f"sip:{NAI}", "barred": True, "may_register": False},
                ],
                "private_identities": [NAI, "alice-desk@ims.example"],
                "state": "registered",
            },
            {"identities": [{"uri": "sip:alice@ims.example"}]},
        ],
        "circuit_switched": {
            "imsi": IMSI,
            "msisdns": ["+491715407090", "+491715407001"],
            "vlr_number": "+491710001",
            "msc_number": "+491710002",
            "voicebox": "+491715409990",
            "icscf": {"host": "icscf7.example", "port": 5070},
            "preference": "ims-first",
            "forwardings": [{"condition": "busy", "number": "+49721957829"}],
            "barring": "service",
        },
        "scscf": {"name": "sip:scscf1.ims.example:6060", "host": "scscf1.ims.example", "realm": "ims.example"},
        "preferred_scscfs": ["sip:scscf2.ims.example"],
        "capabilities": {"optional": [5]},
        "charging": {"primary_collection": "aaa://ccf.ims.example:3868;transport=tcp"},
        "access_charging_class": "gold",
        "devices": 3,
        "forking": "sequential",
        "ring_time_s": 20,
        "contacts": [
            {
                "identity": "tel:+491715407090",
                "uri": "sip:alice@192.0.2.7:5060",
                "path": ["sip:pcscf1.ims.example"],
                "q": 0.7,
                "expires_at": 4102444800,
                "instance": "<urn:uuid:1>",
                "device": "phone",
            },
            {"identity": "sip:alice@ims.example", "uri": "sip:desk@192.0.2.8"},
        ],
    }
)
SERVICES = Subscriber.model_validate(
    {
        "name": "services",
        "operator": "fixed",
        "sets": [
            {"identities": [{"uri": "sip:chat1@fixed.example", "kind": "distinct-psi", "psi_active": False}]},
            {
                "identities": [
                    {
                        "uri": "sip:chat!.*!@fixed.example",
                        "kind": "wildcarded-psi",
                        "application_server": "sip:as.fixed.example",
                    }
                ]
            },
            {"identities": [{"uri": "sip:chatlist![0-9]+!@fixed.example", "kind": "wildcarded-psi"}]},
        ],
    }
)


def plain(name: str, number: int, **more: object) -> Subscriber:
    """Make a small subscriber with a tel URI and an MSISDN."""
    return Subscriber.model_validate(
        {
            "name": name,
            "operator": "mobile",
            "sets": [{"identities": [{"uri": f"tel:+49171{number}"}]}],
            "circuit_switched": {"msisdns": [f"+49171{number}"]},
        }
        | more
    )


async def furnish(store: Store) -> None:
    """Write what subscribers refer to."""
    await store.icscf_pools.put("south", POOL)
    await store.operators.put("mobile", MOBILE)
    await store.operators.put("fixed", FIXED)
    await store.shared_filter_criteria_sets.put("7", SHARED)
    await store.service_profiles.put("telephony", TELEPHONY)
