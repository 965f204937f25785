"""What LIRs are answered, and that a change by the API is seen by the very next one without a restart."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.service.conftest import Service
from tests.service.wire import CAPABILITIES_WANTED, ORIGINATING, Peer, until

SCSCF = "sip:scscf1.ims.example:6060"
OTHER = "sip:other.ims.example"
Seen = tuple[int, object]


@pytest.fixture(scope="module")
def peer(service: Service) -> Iterator[Peer]:
    """Give one connection, once the filter is built that makes unknown ones need no database."""
    until(lambda: service.call("GET", "/readyz")[1]["filter_built"])
    with Peer(service.address("diameter-tcp")) as made:
        yield made.open()


@pytest.fixture
def seen(peer: Peer) -> Callable[..., Seen]:
    """Give a function that asks twice, the second time for what may be kept, and gives the result and the server."""

    def ask(uri: str, *further: Any, realm: str = "ims.example") -> Seen:
        first, again = [peer.locate(uri, *further, realm=realm) for _ in range(2)]
        assert [avp.as_bytes() for avp in first.avps[1:]] == [avp.as_bytes() for avp in again.avps[1:]]
        assert first.server is None or first.capabilities is None
        return first.result, first.server if first.capabilities is None else first.capabilities

    return ask


# --- Answers (TS 29.228 6.1.4.1) -------------------------------------------------------------------------------------

MANDATORY, OPTIONAL = 604, 605
DEFAULTS = {MANDATORY: [1], OPTIONAL: [2]}


@pytest.mark.parametrize(
    ("uri", "further", "expected"),
    [
        pytest.param("tel:+491715407090", (), (2001, SCSCF), id="registered"),
        pytest.param("tel:+491715407090", (ORIGINATING,), (2001, SCSCF), id="registered, originating"),
        pytest.param("sip:customer@ims.example", (), (2001, SCSCF), id="registered, SIP"),
        pytest.param("tel:+497219578290", (), (2001, SCSCF), id="registered, number of a Type 2 operator"),
        pytest.param("tel:+497219578291", (), (2001, "sip:scscf1.fixed.example:6060"), id="customer of Type 2"),
        pytest.param("tel:+491715407093", (), (-5003, None), id="not registered, no services"),
        pytest.param("tel:+491715407093", (ORIGINATING,), (-2003, DEFAULTS), id="not registered, originating"),
        pytest.param("tel:+491715407094", (), (-2003, DEFAULTS), id="not registered, services"),
        pytest.param("tel:+491715407095", (), (2001, SCSCF), id="unregistered"),
        pytest.param("tel:+491715407097", (), (-5003, None), id="calls barred, not registered"),
        pytest.param(
            "sip:262011234567890@ims.mnc001.mcc262.3gppnetwork.org", (), (2001, SCSCF), id="barred identity, registered"
        ),
        pytest.param("tel:+491719999999", (), (-5001, None), id="unknown number"),
        pytest.param("sip:nobody@ims.example", (), (-5001, None), id="unknown user"),
        pytest.param("sip:customer@elsewhere.example", (), (-5001, None), id="another domain"),
        pytest.param("sips:customer@ims.example", (), (-5001, None), id="sips is not sip"),
        pytest.param("sip:anonymous@anonymous.invalid", (), (-5001, None), id="anonymous"),
        pytest.param("tel:7090;phone-context=ims.example", (), (-5001, None), id="local number"),
        pytest.param("mailto:customer@ims.example", (), (-5001, None), id="no SIP or tel URI"),
        pytest.param("sip:conference@ims.example", (), (2001, "sip:conf.ims.example:5090"), id="distinct PSI"),
        pytest.param("sip:conference@ims.example", (ORIGINATING,), (-2003, DEFAULTS), id="PSI, originating"),
        pytest.param("tel:+491715407090", (CAPABILITIES_WANTED,), (2001, SCSCF), id="capabilities, no restoration"),
        pytest.param("TEL:+49-171-540(70)90;rn=+49;npdi", (), (2001, SCSCF), id="separators and parameters"),
        pytest.param("sip:+491715407090@ims.example;user=phone", (), (2001, SCSCF), id="number behind SIP"),
        pytest.param("sip:+49-171-5407090;ext=7@ims.example;user=phone", (), (2001, SCSCF), id="and separators"),
        pytest.param("sip:+497219578290@ims.example", (), (2001, SCSCF), id="number behind SIP, user=phone lost"),
        pytest.param("SIP:customer@IMS.Example:5060;transport=tcp", (), (2001, SCSCF), id="host in capitals, port"),
        pytest.param("sip:%63ustomer@ims.example", (), (2001, SCSCF), id="escaped"),
        pytest.param("sip:Customer@ims.example", (), (-5001, None), id="the user part keeps its case"),
    ],
)
def test_answer(uri: str, further: tuple[Any, ...], expected: Seen, seen: Callable[..., Seen]) -> None:
    assert seen(uri, *further) == expected


def test_a_psi_says_that_it_is_routed_directly_and_a_wildcard_which_one_it_was(peer: Peer) -> None:
    distinct = peer.locate("sip:conference@ims.example")
    assert (distinct.value(653, 10415), distinct.value(634, 10415)) == (1, None)
    for name in ("chatlist1", "chatlist", "chatlist!x!"):
        matched = peer.locate(f"sip:{name}@ims.example")
        assert (matched.result, matched.server) == (2001, "sip:chat.ims.example:5090")
        assert (matched.value(653, 10415), matched.value(634, 10415)) == (1, "sip:chatlist!.*!@ims.example")
        assert matched.all(653, 10415)[0].is_mandatory is False


def test_features_are_answered_where_they_are_asked_for(peer: Peer) -> None:
    from diameter.message import Avp  # noqa: PLC0415 - one use

    def asked(*, mandatory: bool, features: int) -> Any:
        inner = [Avp.new(266, value=10415), Avp.new(629, 10415, value=1), Avp.new(630, 10415, value=features)]
        return Avp.new(628, 10415, value=inner, is_mandatory=mandatory)

    assert peer.locate("tel:+491715407090").all(628, 10415) == []
    served = peer.locate("tel:+491715407090", asked(mandatory=False, features=8))
    assert (served.result, len(served.all(628, 10415))) == (2001, 1)
    assert peer.locate("tel:+491715407090", asked(mandatory=True, features=8)).result == -5011
    assert peer.locate("tel:+491715407090").result == 2001


# --- Changes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def alice(service: Service) -> Iterator[str]:
    """Give the identity of a registered subscriber that a test may change."""
    service.put("operators", "spare", type=1, home_domain="spare.example", country_code="49", prefixes=["+49179"])
    uris = [{"uri": "sip:alice@spare.example"}, {"uri": "tel:+491791"}]
    nai = "alice@spare.example"
    sets = [{"state": "registered", "identities": uris, "private_identities": [nai]}]
    privates = [{"nai": nai, "scheme": "SIP Digest", "credentials": {"password": "spare"}}]
    document = {"operator": "spare", "private_identities": privates, "sets": sets, "scscf": {"name": SCSCF}}
    service.put("subscriptions", "alice", **document)
    yield "sip:alice@spare.example"
    service.call("DELETE", "subscriptions", "alice")
    service.call("DELETE", "operators", "spare")


def test_the_registration_state(service: Service, alice: str, seen: Callable[..., Seen]) -> None:
    steps: list[tuple[dict[str, Any], Seen]] = [
        ({"state": "not-registered"}, (-5003, None)),
        ({"state": "registered", "scscf": {"name": OTHER}}, (2001, OTHER)),
        ({"state": "unregistered"}, (2001, OTHER)),
        ({"state": "not-registered"}, (-5003, None)),
        ({"state": "authentication-pending", "scscf": {"name": SCSCF}}, (-5003, None)),
        ({"state": "registered", "scscf": {"name": SCSCF}}, (2001, SCSCF)),
    ]
    assert seen(alice) == (2001, SCSCF)
    for body, expected in steps:
        service.put("public-identities", alice, "registration", **body)
        assert seen(alice) == seen("tel:+491791") == expected, body


def test_the_s_cscf(service: Service, alice: str, seen: Callable[..., Seen]) -> None:
    assert seen(alice) == (2001, SCSCF)
    service.patch("subscriptions", "alice", scscf={"name": OTHER})
    assert seen(alice) == seen("tel:+491791") == (2001, OTHER)


def test_a_subscriber_deleted_and_created_again(service: Service, alice: str, seen: Callable[..., Seen]) -> None:
    document = service.call("GET", "subscriptions", "alice")[1]
    for _ in range(2):
        assert seen(alice) == seen("tel:+491791") == (2001, SCSCF)
        service.delete("subscriptions", "alice")
        assert seen(alice) == seen("tel:+491791") == (-5001, None)
        service.put("subscriptions", "alice", **document)


def test_an_identity_added_moved_and_taken_away(service: Service, alice: str, seen: Callable[..., Seen]) -> None:
    new = "tel:+491792"
    assert seen(new) == (-5001, None)
    service.put("public-identities", new, subscription="alice", registered_with=[alice])
    assert seen(new) == (2001, SCSCF)
    service.delete("public-identities", new)
    assert seen(new) == (-5001, None)
    service.put("public-identities", new, subscription="alice")
    assert seen(new) == (-5003, None)
    service.delete("public-identities", new)
    service.put("subscriptions", "bob", operator="spare", sets=[{"identities": [{"uri": new}]}])
    assert seen(new) == (-5003, None)
    service.delete("subscriptions", "bob")
    assert (seen(new), seen(alice)) == ((-5001, None), (2001, SCSCF))


def test_a_whole_subscriber_by_one_call(service: Service, alice: str, seen: Callable[..., Seen]) -> None:
    assert seen("tel:+491793") == (-5001, None)
    body = {"operator": "spare", "name": "carol", "msisdn": "+491793", "state": "registered", "scscf": OTHER}
    assert service.call("POST", "subscribers", body=body)[0] == 201
    assert seen("tel:+491793") == seen("sip:+491793@spare.example") == (2001, OTHER)
    service.delete("subscriptions", "carol")
    assert seen("tel:+491793") == (-5001, None)
    assert seen(alice) == (2001, SCSCF)


def test_bulk_import(service: Service, alice: str, seen: Callable[..., Seen]) -> None:
    uris = [f"tel:+49179{number}" for number in range(400, 420)]
    assert {seen(uri) for uri in uris} == {(-5001, None)}
    lines = "".join(f'{{"operator": "spare", "name": "n{uri[8:]}", "number": "{uri[4:]}"}}\n' for uri in uris)
    done = service.run("import", "-", "--json", stdin=lines)
    assert done.returncode == 0, done.stderr
    assert {seen(uri) for uri in uris} == {(-5003, None)}
    for uri in uris:
        service.delete("subscriptions", f"n{uri[8:]}")
    assert {seen(uri) for uri in uris} == {(-5001, None)}
    assert seen(alice) == (2001, SCSCF)


CRITERION = {"priority": 1, "application_server": {"server_name": "sip:as.ims.example"}, "profile_part": "unregistered"}


def test_a_service_profile_and_what_it_shares(service: Service, alice: str, seen: Callable[..., Seen]) -> None:
    service.put("public-identities", alice, "registration", state="not-registered")
    service.patch("subscriptions", "alice", scscf=None)
    service.put("service-profiles", "spare")
    assert seen(alice) == (-5003, None)
    service.patch("public-identities", alice, service_profile="spare")
    assert seen(alice) == (-5003, None)
    service.patch("service-profiles", "spare", criteria=[CRITERION])
    assert seen(alice) == (-2003, None)
    service.patch("service-profiles", "spare", criteria=[{**CRITERION, "profile_part": "registered"}])
    assert seen(alice) == (-5003, None)
    service.put("shared-filter-criteria-sets", "77")
    service.patch("service-profiles", "spare", criteria=[], shared_sets=[77])
    assert seen(alice) == (-5003, None)
    service.patch("shared-filter-criteria-sets", "77", criteria=[CRITERION])
    assert seen(alice) == (-2003, None)
    service.patch("shared-filter-criteria-sets", "77", criteria=[])
    assert seen(alice) == (-5003, None)
    service.patch("service-profiles", "spare", shared_sets=[])
    service.delete("shared-filter-criteria-sets", "77")
    service.patch("service-profiles", "spare", criteria=[{**CRITERION, "profile_part": None}])
    assert seen(alice) == (-2003, None)
    service.patch("public-identities", alice, service_profile=None)
    service.delete("service-profiles", "spare")
    assert seen(alice) == (-5003, None)


def test_capabilities_of_the_operator_and_of_the_subscription(
    service: Service, alice: str, seen: Callable[..., Seen]
) -> None:
    service.put("public-identities", alice, "registration", state="not-registered")
    service.patch("subscriptions", "alice", scscf=None)
    assert seen(alice, ORIGINATING) == (-2003, None)
    service.patch("operators", "spare", capabilities={"mandatory": [7, 8], "optional": [9]})
    assert seen(alice, ORIGINATING) == (-2003, {MANDATORY: [7, 8], OPTIONAL: [9]})
    service.patch("subscriptions", "alice", capabilities={"names": [OTHER]})
    assert seen(alice, ORIGINATING) == (-2003, {602: [OTHER]})
    service.patch("subscriptions", "alice", capabilities=None)
    assert seen(alice, ORIGINATING) == (-2003, {MANDATORY: [7, 8], OPTIONAL: [9]})
    service.patch("operators", "spare", capabilities={"mandatory": [], "optional": []})
    assert seen(alice, ORIGINATING) == (-2003, None)


def test_an_operator_of_the_subscription(service: Service, alice: str, seen: Callable[..., Seen]) -> None:
    service.put("public-identities", alice, "registration", state="not-registered")
    service.patch("subscriptions", "alice", scscf=None)
    assert seen(alice, ORIGINATING) == (-2003, None)
    service.patch("subscriptions", "alice", operator="mobile")
    assert seen(alice, ORIGINATING) == (-2003, DEFAULTS)


def test_a_home_domain(service: Service, alice: str, seen: Callable[..., Seen]) -> None:
    """It is a realm that is served, and one whose numbers behind `user=phone` are ours."""
    number, unknown = "sip:+491791@new.example;user=phone", "sip:nobody@new.example"
    both = (alice, number, unknown)
    for _ in range(2):
        assert [seen(uri, realm="new.example") for uri in both] == [(3003, None)] * 3
        assert seen(number) == (-5001, None)
        service.put("operators", "new", type=1, home_domain="new.example", country_code="49")
        assert [seen(uri, realm="new.example")[0] for uri in both] == [2001, 2001, -5001]
        assert seen(number) == (2001, SCSCF)
        service.delete("operators", "new")
    service.put("operators", "new", type=1, home_domain="new.example", country_code="49")
    assert seen(unknown, realm="new.example") == (-5001, None)
    service.patch("operators", "new", home_domain="newer.example")
    assert [seen(uri, realm="new.example") for uri in both] == [(3003, None)] * 3
    assert seen(alice, realm="newer.example") == (2001, SCSCF)
    service.delete("operators", "new")


def test_a_wildcard_and_a_distinct_identity_under_it(service: Service, alice: str, seen: Callable[..., Seen]) -> None:
    wildcard, inside = "sip:room!.*!@spare.example", "sip:room1@spare.example"

    def psi(uri: str, server: str, **more: object) -> dict[str, Any]:
        kind = "wildcarded-psi" if "!" in uri else "distinct-psi"
        return {"identities": [{"uri": uri, "kind": kind, "application_server": server, **more}]}

    assert seen(inside) == (-5001, None)
    service.put("subscriptions", "rooms", operator="spare", sets=[psi(wildcard, "sip:as1.example")])
    assert seen(inside) == seen("sip:room2@spare.example") == (2001, "sip:as1.example")
    service.put("subscriptions", "rooms", operator="spare", sets=[psi(wildcard, "sip:as2.example")])
    assert seen(inside) == (2001, "sip:as2.example")
    service.put("subscriptions", "room1", operator="spare", sets=[psi(inside, "sip:as3.example")])
    assert (seen(inside), seen("sip:room2@spare.example")) == ((2001, "sip:as3.example"), (2001, "sip:as2.example"))
    service.patch("public-identities", inside, psi_active=False)
    assert seen(inside) == (-5001, None)
    service.delete("subscriptions", "room1")
    assert seen(inside) == (2001, "sip:as2.example")
    longer = "sip:room1!.*!@spare.example"
    service.put("subscriptions", "rooms1", operator="spare", sets=[psi(longer, "sip:as4.example")])
    assert (seen(inside), seen("sip:room2@spare.example")) == ((2001, "sip:as4.example"), (2001, "sip:as2.example"))
    service.delete("subscriptions", "rooms1")
    service.patch("public-identities", wildcard, psi_active=False)
    assert seen(inside) == (-5001, None)
    service.delete("subscriptions", "rooms")
    assert (seen(inside), seen(alice)) == ((-5001, None), (2001, SCSCF))


def test_the_kind_and_the_application_server_of_an_identity(
    service: Service, alice: str, seen: Callable[..., Seen]
) -> None:
    assert seen(alice) == (2001, SCSCF)
    service.patch("public-identities", alice, kind="distinct-psi", application_server="sip:as.example")
    assert seen(alice) == (2001, "sip:as.example")
    service.patch("public-identities", alice, application_server=None)
    assert seen(alice) == (2001, SCSCF)


def test_barring_and_what_else_does_not_matter_changes_nothing(
    service: Service, alice: str, seen: Callable[..., Seen]
) -> None:
    service.patch("public-identities", alice, barred=True, display_name="A", may_register=False)
    assert seen(alice) == (2001, SCSCF)


def test_many_changes_in_a_row_are_each_seen(service: Service, alice: str, peer: Peer) -> None:
    for number in range(60):
        name = f"sip:s{number}.ims.example"
        service.put("public-identities", alice, "registration", state="registered", scscf={"name": name})
        assert peer.locate(alice, realm="ims.example").server == name


def test_requests_under_way_during_changes_see_the_state_before_or_after(
    service: Service, alice: str, peer: Peer
) -> None:
    """LIRs are sent while a change is made; after its answer none may see the state before."""
    for number in range(30):
        name = f"sip:t{number}.ims.example"
        requests = [peer.location_info(alice, realm="ims.example") for _ in range(50)]
        peer.send(b"".join(requests))
        service.patch("subscriptions", "alice", scscf={"name": name})
        for _ in requests:
            peer.receive()
        assert peer.locate(alice, realm="ims.example").server == name
