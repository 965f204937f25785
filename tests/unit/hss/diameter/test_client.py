"""The asking side."""

from hss.diameter import client
from hss.diameter.codec import Header
from hss.diameter.dictionary import base
from hss.diameter.errors import Outcome
from hss.diameter.events import Answered
from schemas.numbers.cx import UserAuthorizationType
from schemas.numbers.diameter import BaseAvp
from tests.unit.hss.diameter.samples import CLIENT, read
from tests.unit.hss.diameter.test_dispatch import TEL, Bench, features, lir


def asked(message: bytes, bench: Bench | None = None) -> client.LocationInfo:
    octets = (bench or Bench())(message)
    avps = read(octets)
    code = avps.value(base(BaseAvp.RESULT_CODE)) or 0
    answered = Answered(origin_host="x", token=None, outcome=Outcome(code), avps=avps, octets=octets, elapsed_s=0.25)
    return client.location_info(answered)


def test_everything_in_an_answer_is_shown() -> None:
    info = asked(lir("sip:unreg@ims.test", more=features(0, needed=False)))
    assert (info.mandatory_capabilities, info.optional_capabilities) == ((1, 2), (3,))
    assert info.server_names == ("sip:scscf.ims.test:6060",)
    assert (info.has_capabilities, info.server_name) == (True, None)
    assert info.features == ((10415, 1, 0),)
    assert info.elapsed_s == 0.25


def test_a_service_is_shown() -> None:
    info = asked(lir("sip:chat1@ims.test"))
    assert (info.server_name, info.direct_routing) == ("sip:as.ims.test:5065", True)
    assert (info.wildcard, info.has_capabilities) == ("sip:chat!.*!@ims.test", False)


def test_a_fault_is_shown_with_the_avp_that_has_it() -> None:
    info = asked(lir("no uri"))
    assert info.failed_avps == ("Public-Identity",)
    assert info.error_message is not None


def test_a_question_has_what_it_was_given() -> None:
    kind = UserAuthorizationType.REGISTRATION_AND_CAPABILITIES
    question = client.LocationInfoQuestion(
        public=TEL,
        destination_realm="ims.test",
        session_id="a;1;2",
        destination_host="hss.ims.test",
        originating=True,
        authorization_type=kind,
    )
    request = client.location_info_request(CLIENT, question, token=5)
    avps = read(Header(flags=0xC0, command=302, application=1, hop_by_hop=1, end_to_end=1).encode(request.avps))
    assert avps.value(base(BaseAvp.SESSION_ID)) == "a;1;2"
    assert avps.value(base(BaseAvp.DESTINATION_HOST)) == "hss.ims.test"
    assert avps.value(client.ORIGINATING_REQUEST) == 0
    assert avps.value(client.USER_AUTHORIZATION_TYPE) == kind
    assert request.token == 5


def test_a_template_writes_what_a_question_writes() -> None:
    template = client.LocationInfoTemplate(CLIENT, destination_realm="ims.test", session_prefix="icscf.ims.test;1")
    for number in (0, 42, (1 << 32) - 1):
        message = template.write(TEL, number)
        header = Header.decode(message)
        session = f"icscf.ims.test;1;{number:010}"
        question = client.LocationInfoQuestion(public=TEL, destination_realm="ims.test", session_id=session)
        assert message[20:] == client.location_info_request(CLIENT, question).avps
        assert (header.hop_by_hop, header.end_to_end, header.length) == (number, number, len(message))


def test_a_client_takes_every_peer() -> None:
    assert client.Anybody().admits("stranger.test")
