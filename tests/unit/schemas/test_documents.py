from typing import Any

import pytest
from pydantic import ValidationError

from schemas.documents import (
    CircuitSwitched,
    Credentials,
    DiameterPeer,
    Document,
    IcscfEntry,
    IcscfPool,
    NewSubscriber,
    NumberBlock,
    Operator,
    PortedNumber,
    PrivateIdentity,
    PublicIdentity,
    ServiceNumber,
    ServicePointTrigger,
    ServiceProfile,
    Subscriber,
)

K = "465b5ce8b199b49faa5f0a2ee238a6bc"
OPERATOR = {"name": "op", "home_domain": "ims.example", "country_code": "49"}
SERVER = {"server_name": "sip:as.example"}


@pytest.mark.parametrize(
    ("kind", "body", "rule"),
    [
        (IcscfEntry, {}, "either host or pool"),
        (IcscfEntry, {"host": "a.example", "pool": "p"}, "either host or pool"),
        (IcscfEntry, {"pool": "p", "port": 5060}, "port goes with host"),
        (NumberBlock, {"stem": "+49721", "minimum": 3, "maximum": 2}, "minimum must not be above maximum"),
        (NumberBlock, {"stem": "+49721957829", "maximum": 5}, "15 digits"),
        (PortedNumber, {"number": "+49"}, "operator or routing_number"),
        (PortedNumber, {"number": "01715407090", "routing_number": "D1"}, "none begins with 0"),
        (IcscfPool, {"name": "p", "members": [{"host": "A.example"}, {"host": "a.example"}]}, "same host and port"),
        (DiameterPeer, {"origin_host": "a.example", "connect": True}, "at least one entry in addresses"),
        (ServicePointTrigger, {}, "exactly one of"),
        (ServicePointTrigger, {"method": "INVITE", "session_case": 0}, "exactly one of"),
        (
            ServiceProfile,
            {"name": "p", "criteria": [{"priority": 1, "application_server": SERVER}] * 2},
            "same priority",
        ),
        (Credentials, {"op": K, "opc": K}, "op and opc"),
        (Credentials, {"ha1": K, "password": "x"}, "ha1 and password"),
        (PublicIdentity, {"uri": "tel:+49", "application_server": "sip:as.example"}, "public service identities"),
        (
            PublicIdentity,
            {"uri": "sip:a!.*!@b", "kind": "wildcarded-user", "application_server": "sip:as.example"},
            "public service identities",
        ),
        (PublicIdentity, {"uri": "sip:a@b", "kind": "wildcarded-psi"}, "between two"),
        (PublicIdentity, {"uri": "sip:a!(!@b", "kind": "wildcarded-psi"}, "sip:a"),
        (PublicIdentity, {"uri": "sip:a!\x01!@b", "kind": "wildcarded-psi"}, "control characters"),
        (PublicIdentity, {"uri": "sip:a@b", "kind": "unheard-of"}, "kind"),
        (
            CircuitSwitched,
            {"msisdns": ["+49"], "forwardings": [{"condition": "busy", "number": "+49"}] * 2},
            "same condition",
        ),
        (CircuitSwitched, {"msisdns": []}, "at least 1"),
        (Subscriber, {"private_identities": [{"nai": "a@B"}, {"nai": "a@b"}]}, "two private identities"),
        (Subscriber, {"sets": [{"identities": [{"uri": "tel:+49"}, {"uri": "tel:+4-9"}]}]}, "two public identities"),
        (Subscriber, {"sets": [{"identities": [{"uri": "tel:+49"}], "private_identities": ["a@b"]}]}, "a@b"),
        (Subscriber, {"contacts": [{"identity": "tel:+49", "uri": "sip:a@b"}]}, "tel:[+]49"),
        (NewSubscriber, {"operator": "op"}, "imsi, msisdn or number"),
        (NewSubscriber, {"operator": "op", "imsi": "262011", "icscf_host": "a", "icscf_pool": "p"}, "exclude"),
        (Operator, OPERATOR | {"type": 3}, "type"),
        (Operator, OPERATOR | {"type": 2, "routing_numbers": ["D12G"]}, r"routing_numbers\.0[^+]+hexadecimal digits"),
        (Operator, OPERATOR | {"type": 2, "carriers": ["+0123"]}, "RFC 4694"),
        (Operator, OPERATOR | {"type": 2, "carriers": ["1234567890123456"]}, "up to 15"),
        (Operator, OPERATOR | {"type": 2, "carriers": [f"{at}" for at in range(1001)]}, "at most 1000"),
        (Operator, OPERATOR | {"type": 2, "porting": "yes"}, "porting"),
        (Operator, OPERATOR | {"type": 2, "emergency_numbers": ["+49112"]}, r"emergency_numbers\.0"),
        (Operator, OPERATOR | {"type": 2, "phone_contexts": {"7": "opaque"}}, "domain name"),
        (Operator, OPERATOR | {"type": 2, "phone_contexts": {"+49": "local"}}, "national"),
        (Operator, OPERATOR | {"type": 2, "routing_number_length": 0}, "routing_number_length"),
        (Operator, OPERATOR | {"type": 2, "service_numbers": [{"number": "+49115"}]}, "without a plus sign"),
        (ServiceNumber, {"number": "115", "phone_context": "+49.x"}, r"\+ and digits, or a domain name"),
        (ServiceNumber, {"number": "115", "urn": "urn:x:sos"}, "a service URN"),
        (ServiceNumber, {"number": "115", "urn": "urn:service:sos..police"}, "a service URN"),
        (ServiceNumber, {"number": "115", "urn": "urn:service:sos" + ".a" * 121}, "a service URN"),
    ],
)
def test_a_contradiction_is_refused_with_its_rule(kind: type[Document], body: dict[str, Any], rule: str) -> None:
    whole = body | ({"name": "alice", "operator": "op"} if kind is Subscriber else {})
    with pytest.raises(ValidationError, match=rule):
        kind.model_validate(whole)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (IcscfEntry, {"host": "a.example", "port": 4060}),
        (IcscfEntry, {"pool": "p"}),
        (NumberBlock, {"stem": "+49721957829", "maximum": 4}),
        (PortedNumber, {"number": "+49", "routing_number": "D123"}),
        (IcscfPool, {"name": "p", "members": [{"host": "a.example"}, {"host": "a.example", "port": 5061}]}),
        (DiameterPeer, {"origin_host": "a.example", "connect": True, "addresses": ["2001:db8::1"]}),
        (ServicePointTrigger, {"session_case": 0}),
        (ServiceProfile, {"name": "p", "criteria": [{"priority": 1, "application_server": SERVER}]}),
        (Credentials, {"k": K, "op": K}),
        (PublicIdentity, {"uri": "sip:c@b", "kind": "distinct-psi", "application_server": "sip:as.example"}),
        (CircuitSwitched, {"msisdns": ["+49"]}),
        (NewSubscriber, {"operator": "op", "number": "+49"}),
    ],
)
def test_what_fits_is_taken_and_written_as_it_is_read(kind: type[Document], body: dict[str, Any]) -> None:
    document = kind.model_validate(body)
    assert kind.model_validate_json(document.model_dump_json()) == document


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        IcscfEntry.model_validate({"host": "a.example", "colour": "blue"})


def test_a_distinct_identity_is_canonical_and_a_wildcard_stays_as_it_is() -> None:
    assert PublicIdentity(uri="SIP:%61lice@IMS.example;user=ip").uri == "sip:alice@ims.example"
    wildcard = PublicIdentity.model_validate({"uri": r"sip:chat![0-9]{1,3}!@ims.example", "kind": "wildcarded-psi"})
    assert wildcard.uri == "sip:chat![0-9]{1,3}!@ims.example"
    assert PublicIdentity(uri="sip:a!b!c@ims.example").uri == "sip:a!b!c@ims.example"


def test_secrets_are_not_written() -> None:
    subscriber = Subscriber.model_validate(
        {
            "name": "alice",
            "operator": "op",
            "private_identities": [{"nai": "a@b", "credentials": {"k": K}}],
        }
    )
    assert K not in subscriber.model_dump_json()
    assert subscriber.private_identities[0].credentials is not None


@pytest.mark.parametrize(
    ("more", "answers"),
    [({"type": 1}, True), ({"type": 2}, False), ({"type": 2, "answers_routing_info": True}, True)],
)
def test_a_fixed_operator_answers_no_routing_info_unless_it_says_so(more: dict[str, Any], answers: bool) -> None:
    assert Operator.model_validate(OPERATOR | more).answers_routing_info is answers


@pytest.mark.parametrize(
    ("more", "porting"),
    [
        ({}, "none"),
        ({"home": False}, "rn"),
        ({"home": False, "porting": "none"}, "none"),
        ({"porting": "npdi"}, "npdi"),
    ],
)
def test_who_keeps_no_subscribers_here_sees_routing_numbers_unless_it_says_otherwise(
    more: dict[str, Any], porting: str
) -> None:
    assert Operator.model_validate(OPERATOR | {"type": 2} | more).porting == porting


def test_codes_contexts_and_services_are_written_in_one_form() -> None:
    operator = Operator.model_validate(
        OPERATOR
        | {
            "type": 2,
            "routing_numbers": ["d1-5", "+49-D15"],
            "carriers": ["+1-5062"],
            "phone_contexts": {"+49": "national", "PBX.Example.": "opaque", "+(1)-650": "opaque"},
            "service_numbers": [
                {"number": "115"},
                {"number": "*a1", "phone_context": "PBX.example", "urn": "URN:service:sos.Police"},
            ],
        }
    )
    assert (operator.routing_numbers, operator.carriers) == (["D15", "+49D15"], ["+15062"])
    assert operator.phone_contexts == {"+49": "national", "pbx.example": "opaque", "+1650": "opaque"}
    assert [one.model_dump() for one in operator.service_numbers] == [
        {"number": "115", "phone_context": "+49", "urn": None},
        {"number": "*A1", "phone_context": "pbx.example", "urn": "urn:service:sos.police"},
    ]
    assert Operator.model_validate_json(operator.model_dump_json()) == operator


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(ValidationError):
        Operator.model_validate([])


@pytest.mark.parametrize(
    ("scheme", "given", "wanted"),
    [("SIP Digest", {"k": "0" * 32}, "ha1 or password"), ("Digest-AKAv1-MD5", {"password": "p"}, "needs k")],
)
def test_credentials_that_the_scheme_cannot_use_are_refused(scheme: str, given: dict[str, str], wanted: str) -> None:
    with pytest.raises(ValidationError, match=wanted):
        PrivateIdentity.model_validate({"nai": "a@ims.example", "scheme": scheme, "credentials": given})
    assert PrivateIdentity.model_validate({"nai": "a@ims.example", "scheme": scheme, "credentials": {}})
