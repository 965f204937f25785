"""What the read model and the routing tables are loaded from, in every database."""

from dataclasses import replace

import pytest

from hss.procedures.cx import Capabilities, ServedIdentity
from hss.procedures.map_routing_info import CalledParty, CallForwarding, IcscfChoice, OperatorFacts
from hss.services.administration import Changes
from hss.store.engine import Store
from routing.contacts import Contact, Fork
from routing.selection import Member, Policy
from routing.tables import Operator, Pool, build
from schemas.documents import DiameterPeer, PortedNumber, Registration, Subscriber
from schemas.identities import Imsi, Msisdn
from schemas.states import (
    ForwardingCondition,
    IdentityKind,
    IncomingBarring,
    OperatorType,
    RegistrationState,
    TerminatingPreference,
)
from tests.contract.store_samples import ALICE, IMSI, NAI, SERVICES, furnish, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOBILE_CAPABILITIES = Capabilities((1, 2), (), ("sip:scscf9.ims.example",))
MOBILE_FACTS = OperatorFacts(name="mobile", imrn_prefix="491710009")
SOUTH = (Member(host="i1.example"), Member(host="i2.example"))


async def test_a_served_identity_comes_with_its_subscription(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    registered = ServedIdentity(
        uri="tel:+491715407090",
        state=RegistrationState.REGISTERED,
        scscf_name="sip:scscf1.ims.example:6060",
        capabilities=Capabilities((), (5,), ()),
    )
    assert await store.cx.by_uri("tel:+491715407090") == registered
    other = replace(registered, uri="sip:alice@ims.example", state=RegistrationState.NOT_REGISTERED)
    assert await store.cx.by_uri("sip:alice@ims.example") == other
    assert await store.cx.by_uri("tel:+491715407001") is None


async def test_the_operator_s_capabilities_are_the_default(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("bob", plain("bob", 1))
    await store.subscribers.put("carol", plain("carol", 2, capabilities={}))
    assert await store.cx.by_uri("tel:+491711") == ServedIdentity(uri="tel:+491711", capabilities=MOBILE_CAPABILITIES)
    assert await store.cx.by_uri("tel:+491712") == ServedIdentity(uri="tel:+491712")


async def test_services_are_loaded_as_they_are_stored(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("services", SERVICES)
    assert await store.cx.by_uri("sip:chat1@fixed.example") == ServedIdentity(
        uri="sip:chat1@fixed.example", kind=IdentityKind.DISTINCT_PSI, psi_active=False
    )
    assert await store.cx.by_uri("sip:chat!.*!@fixed.example") == ServedIdentity(
        uri="sip:chat!.*!@fixed.example",
        kind=IdentityKind.WILDCARDED_PSI,
        application_server="sip:as.fixed.example",
    )
    assert sorted(await store.cx.wildcards()) == ["sip:chat!.*!@fixed.example", "sip:chatlist![0-9]+!@fixed.example"]


async def test_all_identities_come_in_pieces(store: Store) -> None:
    await furnish(store)
    many = [{"identities": [{"uri": f"sip:u{number}@ims.example"} for number in range(2500)]}]
    await store.subscribers.put("many", plain("many", 1, sets=many))
    await store.subscribers.put("alice", ALICE)
    pieces = [piece async for piece in store.cx.all_identities()]
    assert [len(piece) for piece in pieces] == [1000, 1000, 503]
    assert {uri for piece in pieces for uri in piece} == {f"sip:u{number}@ims.example" for number in range(2500)} | {
        "tel:+491715407090",
        "sip:alice@ims.example",
        f"sip:{NAI}",
    }


async def test_a_reassignment_is_noted_once(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    heard: list[Changes] = []
    store.on_change(heard.append)
    for _ in range(2):
        await store.cx.note_reassignment("sip:alice@ims.example")
    await store.cx.note_reassignment("sip:nobody@ims.example")
    stored = await store.subscribers.get("alice")
    assert stored is not None
    assert (stored.document.reassignment_pending, stored.version, heard) == (True, 2, [])


async def test_peers_and_home_domains_are_loaded(store: Store) -> None:
    await furnish(store)
    peers = [DiameterPeer(origin_host=f"{name}.example", addresses=["192.0.2.1"]) for name in ("a", "b")]
    for peer in peers:
        await store.diameter_peers.put(peer.origin_host, peer)
    assert await store.cx.peers() == peers
    assert await store.cx.home_domains() == {"ims.example", "fixed.example"}


async def test_a_called_party_is_loaded_whole(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    party = CalledParty(
        msisdn=Msisdn("491715407090"),
        imsi=Imsi(IMSI),
        operator=MOBILE_FACTS,
        vlr_number="491710001",
        msc_number="491710002",
        reachable_in_ims=True,
        preference=TerminatingPreference.IMS_FIRST,
        icscf=IcscfChoice.static("icscf7.example", 5070),
        voicebox="491715409990",
        forwardings=(CallForwarding(condition=ForwardingCondition.BUSY, number="49721957829"),),
        barring=IncomingBarring.SERVICE,
    )
    assert await store.calls.by_msisdn(Msisdn("491715407090")) == party
    assert await store.calls.by_imsi(Imsi(IMSI)) == party
    assert await store.calls.by_msisdn(Msisdn("491715407001")) == replace(party, msisdn=Msisdn("491715407001"))
    assert await store.calls.by_msisdn(Msisdn("491")) is None
    assert await store.calls.by_imsi(Imsi("262019999")) is None


async def test_a_number_without_an_msisdn_is_served_in_ims_only(store: Store) -> None:
    await furnish(store)
    number = {"identities": [{"uri": "tel:+491799"}], "state": "registered"}
    await store.subscribers.put("bob", plain("bob", 1, sets=[number], scscf={"name": "sip:scscf1.ims.example"}))
    party = await store.calls.by_msisdn(Msisdn("491799"))
    assert party == CalledParty(
        msisdn=Msisdn("491799"),
        operator=MOBILE_FACTS,
        reachable_in_ims=True,
        preference=TerminatingPreference.IMS_ONLY,
        icscf=IcscfChoice(members=SOUTH, policy=Policy.PRIORITY_WEIGHT, pool="south"),
    )
    await store.subscribers.register("tel:+491799", Registration(state=RegistrationState.NOT_REGISTERED))
    assert await store.calls.by_msisdn(Msisdn("491799")) == replace(party, reachable_in_ims=False)
    assert await store.calls.by_msisdn(Msisdn("4917")) is None


async def test_the_number_of_an_inactive_service_is_nobody_s(store: Store) -> None:
    await furnish(store)
    service = {"uri": "tel:+491799", "kind": "distinct-psi", "application_server": "sip:as.ims.example"}
    for active in (True, False):
        sets = [{"identities": [service | {"psi_active": active}]}]
        await store.subscribers.put("service", plain("service", 1, sets=sets))
        found = await store.calls.by_msisdn(Msisdn("491799"))
        assert (found is not None) is active


async def test_the_operator_s_icscf_entry_is_the_default(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("bob", plain("bob", 1))
    await store.subscribers.put("eve", plain("eve", 2, operator="fixed"))
    bob = await store.calls.by_msisdn(Msisdn("491711"))
    assert bob is not None
    assert bob.icscf == IcscfChoice(members=SOUTH, policy=Policy.PRIORITY_WEIGHT, pool="south")
    eve = await store.calls.by_msisdn(Msisdn("491712"))
    assert eve is not None
    assert eve.icscf == IcscfChoice.static("icscf.fixed.example", 4060)
    assert (eve.operator.kind, eve.operator.answers_routing_info) == (OperatorType.FIXED, False)


async def test_an_operator_without_an_icscf_entry_gives_none(store: Store) -> None:
    await furnish(store)
    operator = await store.operators.get("fixed")
    assert operator is not None
    await store.operators.put("fixed", operator.document.model_copy(update={"icscf": None}))
    await store.subscribers.put("eve", plain("eve", 2, operator="fixed"))
    eve = await store.calls.by_msisdn(Msisdn("491712"))
    assert eve is not None
    assert eve.icscf is None


async def test_the_imsi_of_a_private_identity_stands_in(store: Store) -> None:
    await furnish(store)
    more = {"private_identities": [{"nai": "b@ims.example", "imsi": "262010000000001"}]}
    await store.subscribers.put("bob", plain("bob", 1, **more))
    by_number = await store.calls.by_msisdn(Msisdn("491711"))
    by_imsi = await store.calls.by_imsi(Imsi("262010000000001"))
    assert by_number == by_imsi
    assert by_number is not None
    assert by_number.imsi == Imsi("262010000000001")


async def reachable(store: Store, document: Subscriber) -> bool:
    await store.subscribers.put(document.name, document)
    party = await store.calls.by_msisdn(Msisdn("491711"))
    assert party is not None
    return party.reachable_in_ims


async def test_reachable_is_who_is_registered_or_has_services(store: Store) -> None:
    await furnish(store)
    profile = await store.service_profiles.get("telephony")
    assert profile is not None
    for_all = profile.document.model_copy(update={"name": "all"})
    for_all.criteria[0].profile_part = None
    await store.service_profiles.put("all", for_all)
    scscf = {"name": "sip:s1.example"}

    def own(**more: object) -> dict[str, object]:
        return {"identities": [{"uri": "tel:+491711"}]} | more

    other = {"identities": [{"uri": "sip:bob@ims.example"}], "state": "registered"}
    services = [{"uri": "tel:+491711", "service_profile": "all"}]
    without = [{"uri": "tel:+491711", "service_profile": "telephony"}]
    for sets, expected in (
        ([own()], False),
        ([own(state="registered")], True),
        ([own(state="unregistered")], True),
        ([own(identities=services)], True),
        ([own(identities=without)], False),
        ([own(), other], False),  # the number itself is an identity: its state counts
        ([other], True),
        ([], False),
    ):
        assert await reachable(store, plain("bob", 1, sets=sets, scscf=scscf)) is expected


async def test_contacts_of_the_whole_set_are_loaded(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    for asked in ("tel:+491715407090", f"sip:{NAI}"):
        found = await store.calls.registration(asked)
        assert found is not None
        assert (found.identities.default, found.identities.members, found.identities.barred) == (
            "tel:+491715407090",
            ("tel:+491715407090", f"sip:{NAI}"),
            (f"sip:{NAI}",),
        )
        assert found.contacts == (
            Contact(
                uri="sip:alice@192.0.2.7:5060",
                q=700,
                path=("sip:pcscf1.ims.example",),
                instance="<urn:uuid:1>",
                device="phone",
                expires_at=4102444800,
            ),
        )
        assert (found.mode, found.ring_s, found.max_targets) == (Fork.SEQUENTIAL, 20, 3)
    assert await store.calls.registration("sip:alice@ims.example") is None
    assert await store.calls.registration("sip:nobody@ims.example") is None


async def test_a_set_without_contacts_is_registered_all_the_same(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("bob", plain("bob", 1))
    registered = Registration.model_validate({"state": "registered", "scscf": {"name": "sip:s1.example"}})
    await store.subscribers.register("tel:+491711", registered)
    found = await store.calls.registration("tel:+491711")
    assert found is not None
    assert (found.contacts, found.max_targets) == ((), 10)


async def test_routing_tables_are_built_from_the_rows(store: Store) -> None:
    await furnish(store)
    for number, operator, routing_number in (
        ("+491719999999", "fixed", None),
        ("+491718888888", None, "D123"),
    ):
        ported = PortedNumber(number=number, operator=operator, routing_number=routing_number)
        await store.ported_numbers.put(number, ported)
    rows = await store.numbering.rows()
    by_name = {operator.name: (key, operator) for key, operator in rows.operators.items()}
    (mobile, mobile_operator), (fixed, fixed_operator) = by_name["mobile"], by_name["fixed"]
    assert mobile_operator == Operator(
        name="mobile",
        type=1,
        entries=(Member(host="g1.example"),),
        pool=Pool(name="south", members=SOUTH, policy=Policy.PRIORITY_WEIGHT),
    )
    assert fixed_operator.pool == Pool(
        name="icscf.fixed.example", members=(Member(host="icscf.fixed.example", port=4060),), policy=Policy.STATIC
    )
    assert sorted(rows.prefixes) == [("49170", mobile), ("49171", mobile)]
    assert list(rows.stems) == [("49721957829", fixed, 0, 3)]
    assert list(rows.ported) == [("491718888888", "D123", None), ("491719999999", None, fixed)]
    assert build(rows).conflicts == () or build(rows).operators


async def test_single_numbers_are_read_with_the_names_of_their_operators(store: Store) -> None:
    await furnish(store)
    for number, operator, code in (("+491711", "fixed", "D1"), ("+491712", None, "D2"), ("+491713", "fixed", None)):
        await store.ported_numbers.put(number, PortedNumber(number=number, operator=operator, routing_number=code))
    found = await store.numbering.ported_of(frozenset({"491711", "491712", "491719"}))
    assert sorted(found) == [("491711", "D1", "fixed"), ("491712", "D2", None)]
    await store.subscribers.put("alice", ALICE)
    assert await store.numbering.numbers_of({"491715407090", "491715407091"}) == [("491715407090", "mobile")]


async def test_complete_numbers_come_with_their_operators(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    local = [{"identities": [{"uri": "tel:7090;phone-context=ims.example"}]}]
    await store.subscribers.put("bob", plain("bob", 1, sets=local))
    operators = (await store.numbering.rows()).operators
    found = [row async for piece in store.numbering.numbers() for row in piece]
    assert [(digits, operators[key].name) for digits, key in found] == [("491715407090", "mobile")]
