import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from routing import Rows, State, Suppose, Tables, build
from routing.ports import Location, RoutingInfo, RoutingInfoResult
from routing.redirect import RedirectSettings, q_value, redirect
from routing.sip_message import LONGEST_WARNING, MOST_HEADERS, Reply, Silence, Unanswered, has_tag, warning

SOURCE = ("192.0.2.7", 40000)
SETTINGS = RedirectSettings(host="redirect.ims.example")
FIXED = "sip:+497219578290@redirect.ims.example;user=phone"
Answer = Reply | Unanswered
Ask = Callable[..., Answer]


def request(uri: str = FIXED, method: str = "INVITE", **changes: str | None) -> bytes:
    headers = {
        "Via": "SIP/2.0/UDP client.example:5062;branch=z9hG4bK74bf9",
        "Max-Forwards": "70",
        "From": "Alice <sip:alice@client.example>;tag=9fxced76sl",
        "To": "<sip:+497219578290@redirect.ims.example>",
        "Call-ID": "3848276298220188511@client.example",
        "CSeq": f"1 {method}",
        "Content-Length": "0",
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"{method} {uri} SIP/2.0", *lines, "", ""]).encode()


@pytest.fixture
def ask(hss, tables: Tables) -> Ask:
    def asked(
        datagram: bytes,
        *,
        into: Tables = tables,
        settings: RedirectSettings = SETTINGS,
        source: tuple[str, int] = SOURCE,
    ) -> Answer:
        return redirect(datagram, into, State(subscribers=hss), settings, source=source)

    return asked


def status(reply: Answer) -> int:
    assert isinstance(reply, Reply)
    assert int(reply.octets.split()[1]) == reply.status
    return reply.status


def reason(reply: Answer) -> str:
    assert isinstance(reply, Reply)
    return reply.octets.partition(b"\r\n")[0].decode().split(" ", 2)[2]


def header(reply: Answer, name: str) -> str:
    assert isinstance(reply, Reply)
    [value] = [line for line in reply.octets.decode("latin-1").split("\r\n") if line.startswith(f"{name}:")]
    return value.partition(": ")[2]


def test_a_known_number_is_redirected_to_its_icscfs_in_order(ask: Ask) -> None:
    reply = ask(request())
    assert status(reply) == 302
    contacts = header(reply, "Contact").split(", ")
    assert [contact.rpartition(";")[2] for contact in contacts] == ["q=1.0", "q=0.667", "q=0.333"]
    assert all(contact.startswith("<sip:+497219578290@icscf") for contact in contacts)
    assert all(">;q=" in contact and ";user=phone>" in contact for contact in contacts)


def test_the_transaction_is_copied_and_a_tag_is_added(ask: Ask) -> None:
    reply = ask(request())
    assert header(reply, "From") == "Alice <sip:alice@client.example>;tag=9fxced76sl"
    assert header(reply, "To").startswith("<sip:+497219578290@redirect.ims.example>;tag=")
    assert header(reply, "Call-ID") == "3848276298220188511@client.example"
    assert header(reply, "CSeq") == "1 INVITE"
    assert reply == ask(request())
    assert header(ask(request(Call_ID="other")), "To") != header(reply, "To")
    assert reply.octets.endswith(b"Content-Length: 0\r\n\r\n")


def test_the_answer_goes_where_via_says(ask: Ask) -> None:
    reply = ask(request())
    assert (reply.host, reply.port) == ("192.0.2.7", 5062)
    assert header(reply, "Via") == "SIP/2.0/UDP client.example:5062;branch=z9hG4bK74bf9;received=192.0.2.7"
    symmetric = ask(request(Via="SIP/2.0/UDP client.example;rport;branch=z9hG4bK1"))
    assert (symmetric.host, symmetric.port) == SOURCE
    assert header(symmetric, "Via") == "SIP/2.0/UDP client.example;rport=40000;branch=z9hG4bK1;received=192.0.2.7"
    plain = ask(request(Via="SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1, SIP/2.0/UDP far.example"))
    assert plain.port == 5060
    assert header(plain, "Via") == "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1, SIP/2.0/UDP far.example"


def test_every_via_is_copied_in_order(ask: Ask) -> None:
    datagram = request().replace(b"Max-Forwards", b"v: SIP/2.0/TCP far.example;branch=z9hG4bK2\r\nMax-Forwards")
    vias = [line for line in ask(datagram).octets.decode().split("\r\n") if line.startswith("Via: ")]
    assert vias[1] == "Via: SIP/2.0/TCP far.example;branch=z9hG4bK2"


def test_compact_and_folded_headers_are_read(ask: Ask) -> None:
    datagram = (
        f"INVITE {FIXED} SIP/2.0\r\nv: SIP/2.0/UDP c.example\r\n ;branch=z9hG4bK3\r\nf: <sip:a@c>;tag=1\r\n"
        "t: <sip:b@d>\r\n"
        "i: x\r\nCSEQ:\t7 INVITE\r\nl: 4\r\n\r\nbody"
    )
    assert status(ask(b"\r\n\r\n" + datagram.encode())) == 302


@pytest.mark.parametrize(
    ("uri", "code", "why"),
    [
        ("tel:+49721957829", 484, "E_INCOMPLETE"),
        ("tel:+4972195782912345", 404, "E_DDI_TOO_LONG: stem 49721957829 takes 4 digits at most (position 20)"),
        ("tel:+12025550123", 404, "UNKNOWN: nobody has this number"),
        ("tel:7042;phone-context=example.com", 404, "UNKNOWN: a local number, and its context leads nowhere"),
        ("sip:alice@ims.example", 404, "E_NOT_PHONE"),
        ("sip:+497219578290@ims.example", 404, "E_NOT_PHONE"),
        ("http://x.example", 416, "E_SCHEME"),
        ("fax:+4972195782", 416, "E_SCHEME"),
    ],
)
def test_what_cannot_be_redirected_says_why(ask: Ask, uri: str, code: int, why: str) -> None:
    reply = ask(request(uri))
    assert status(reply) == code
    assert re.match(rf'399 redirect\.ims\.example "{re.escape(why)}(: [ -~]+)?"\Z', header(reply, "Warning"))


def test_a_warning_is_one_quoted_string_of_printable_ascii() -> None:
    assert warning("h", 'a "b" \\ \r\n\u00e9') == 'Warning: 399 h "a \\"b\\" \\\\ ???"'
    assert warning("h", "x" * 5000) == f'Warning: 399 h "{"x" * LONGEST_WARNING}"'


def test_a_user_who_is_not_registered_is_480_and_a_failure_503(ask: Ask, hss) -> None:
    hss.registration_of = None
    assert status(ask(request())) == 480
    hss.location_of = Location(3002)
    assert status(ask(request())) == 503
    hss.info = RoutingInfo(RoutingInfoResult.BARRED)
    assert status(ask(request("tel:+491715407090"))) == 403


def test_a_ported_number_is_redirected_with_its_routing_number(ask: Ask) -> None:
    assert header(ask(request("tel:+491715550001")), "Contact") == (
        "<sip:+491715550001;npdi;rn=D123;rn-context=+49@mgcf.fremd.example:5070;user=phone;transport=tcp>"
    )
    carried = ask(request("tel:+18005550100;cic=+15062"))
    assert header(carried, "Contact") == "<tel:+18005550100;cic=+15062>"


def test_services_and_numbers_of_the_other_domain_have_their_own_contact(
    ask: Ask, hss, rows: Callable[..., Rows]
) -> None:
    assert header(ask(request("tel:112;phone-context=+49")), "Contact") == "<urn:service:sos>"
    served = build(rows(services=[("115", "+49", None, "festnetz")]))
    assert header(ask(request("tel:115;phone-context=+49"), into=served), "Contact") == (
        "<sip:115;phone-context=+49@mgcf1.fest.example;user=phone>"
    )
    hss.info = RoutingInfo(RoutingInfoResult.ROAMING_NUMBER, number="491719990001")
    assert header(ask(request("tel:+491715407090")), "Contact") == (
        "<sip:+491719990001@gmsc1.mobil.example;user=phone>"
    )
    hss.info = RoutingInfo(RoutingInfoResult.FORWARDED, number="4917133333")
    assert header(ask(request("tel:+491715407090")), "Contact") == "<tel:+4917133333>"


def test_a_redirect_never_leads_back_to_where_it_came_from(ask: Ask, hss, rows: Callable[..., Rows]) -> None:
    hss.info = RoutingInfo(RoutingInfoResult.ROAMING_NUMBER)
    assert header(ask(request("tel:+491715407090")), "Contact") == "<sip:+491715407090@gmsc1.mobil.example;user=phone>"
    given = rows()
    given.operators["mobil"] = replace(given.operators["mobil"], entries=())
    without_entry = build(given)
    reply = ask(request("tel:+491715407090"), into=without_entry)
    assert (status(reply), header(reply, "Warning")) == (480, '399 redirect.ims.example "CIRCUIT-SWITCHED"')
    hss.info = RoutingInfo(RoutingInfoResult.ROAMING_NUMBER, number="491719990001")
    assert header(ask(request("tel:+491715407090"), into=without_entry), "Contact") == "<tel:+491719990001>"


def test_a_secure_uri_stays_secure(ask: Ask) -> None:
    assert header(ask(request(FIXED.replace("sip:", "sips:"))), "Contact").startswith("<sips:+497219578290@icscf")


def test_a_plus_may_be_enough_for_a_telephone_number(ask: Ask) -> None:
    lenient = replace(SETTINGS, digits_are_phone=True)
    assert status(ask(request("sip:+497219578290@ims.example"), settings=lenient)) == 302
    assert status(ask(request("sip:+497219578290@ims.example;user=ip"), settings=lenient)) == 404
    assert status(ask(request("sip:alice@ims.example"), settings=lenient)) == 404


def test_the_number_of_contacts_is_a_setting(ask: Ask) -> None:
    assert header(ask(request(), settings=replace(SETTINGS, most_contacts=2)), "Contact").count("q=") == 2


def test_an_ack_is_absorbed(ask: Ask) -> None:
    assert ask(request(method="ACK")) == Unanswered(Silence.ACK, "an ACK")
    assert ask(request(method="ACK", CSeq=None)) == Unanswered(Silence.ACK, "an ACK")


def test_a_cancel_is_answered_and_says_nothing_of_a_call(ask: Ask) -> None:
    reply = ask(request(method="CANCEL"))
    assert (status(reply), b"Contact" in reply.octets) == (200, False)
    assert reason(ask(request(method="CANCEL", CSeq="1 INVITE"))) == "CSeq of Another Method"


def test_what_the_caller_wishes_of_a_proxy_changes_no_redirect(ask: Ask) -> None:
    plain = ask(request())
    for wish in ("no-fork", "sequential", "proxy", "no-fork, fork", "nonsense", ""):
        assert ask(request(Request_Disposition=wish)) == plain


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"CSeq": "1 BYE"}, "CSeq of Another Method"),
        ({"CSeq": "x INVITE"}, "Malformed CSeq"),
        ({"CSeq": "2147483648 INVITE"}, "CSeq Too Large"),
        ({"Content_Length": "5"}, "Content-Length Exceeds the Message"),
        ({"Content_Length": "-1"}, "Malformed Content-Length"),
        ({"Content_Length": "1234567"}, "Content-Length Exceeds the Message"),
        ({"Call_ID": ""}, "Empty Call-ID"),
        ({"From": ""}, "Empty From"),
        ({"call-id": "twice"}, "More Than One Call-ID"),
        ({"t": "<sip:b@d>"}, "More Than One To"),
        ({"From": None}, "Missing From"),
        ({"CSeq": None}, "Missing CSeq"),
        ({"From": None, "To": None, "Call_ID": None, "CSeq": None}, "Missing From, To, Call-ID, CSeq"),
    ],
)
def test_a_bad_request_is_told_what_is_bad(ask: Ask, changes: dict[str, str | None], why: str) -> None:
    reply = ask(request(**{name.replace("_", "-"): value for name, value in changes.items()}))
    assert (status(reply), reason(reply)) == (400, why)
    assert header(reply, "Warning") == f'399 redirect.ims.example "{why}"'


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"Max-Forwards:", b"Max-Forwards", "Line 3 Is Not a Header Field"),
        (b"Max-Forwards:", b"Max Forwards:", "Line 3 Is Not a Header Field"),
        (b"Max-Forwards:", b":", "Line 3 Is Not a Header Field"),
        (b"\r\n\r\n", b"\r\n", "No Empty Line behind the Header Fields"),
        (b"INVITE sip:", b"INVITE  sip:", "Space in the Request-URI"),
        (b"INVITE sip:", b"INVITE sip :", "Space in the Request-URI"),
    ],
)
def test_what_cannot_be_read_as_headers_is_refused_by_the_rest(ask: Ask, old: bytes, new: bytes, why: str) -> None:
    reply = ask(request().replace(old, new))
    assert (status(reply), reason(reply)) == (400, why)
    assert header(reply, "Call-ID") == "3848276298220188511@client.example"


def test_a_refusal_copies_what_there_is_and_invents_nothing(ask: Ask) -> None:
    reply = ask(request(To=None, CSeq=None))
    assert [line.partition(":")[0] for line in reply.octets.decode().split("\r\n")[1:]] == [
        *("Via", "From", "Call-ID", "Warning", "Content-Length", "", "")
    ]
    assert header(ask(request(CSeq=None)), "To").startswith("<sip:+497219578290@redirect.ims.example>;tag=")


def test_a_refusal_is_little_longer_than_what_it_refuses(ask: Ask) -> None:
    shortest = b"X y SIP/2.0\r\nv:SIP/2.0/UDP h\r\n\r\n"
    assert len(ask(shortest).octets) <= len(shortest) + 180
    assert len(ask(request(CSeq="x" * 1000)).octets) <= len(request(CSeq="x" * 1000)) + 60


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"Require": "100rel"}, 420), ({"To": "<sip:b@d>;tag=1"}, 481), ({"To": "sip:b@d ; TAG = 1"}, 481)],
)
def test_what_a_stateless_server_cannot_do_is_refused(ask: Ask, changes: dict[str, str], code: int) -> None:
    reply = ask(request(**changes))
    assert status(reply) == code
    if code == 420:
        assert header(reply, "Unsupported") == "100rel"


def test_methods_and_versions_that_are_not_known_are_refused(ask: Ask) -> None:
    refused = ask(request(method="REGISTER"))
    assert status(refused) == 405
    assert "INVITE" in header(refused, "Allow")
    assert status(ask(request().replace(b" SIP/2.0\r\nVia", b" SIP/3.0\r\nVia"))) == 505


def test_an_options_for_the_server_itself_is_answered(ask: Ask) -> None:
    assert status(ask(request("sip:redirect.ims.example", method="OPTIONS"))) == 200
    assert status(ask(request(method="OPTIONS"))) == 302


@pytest.mark.parametrize(
    ("datagram", "why"),
    [
        (b"", "no request line"),
        (b"\r\n\r\n", "no request line"),
        (b"INVITE\r\n\r\n", "no request line"),
        (request().replace(b"\r\n", b"\n"), "no request line"),
        (request(Via=None), "no Via"),
        (request(Via="nonsense"), "a Via that cannot be read"),
        (request(Via="nonsense", CSeq=None), "a Via that cannot be read"),
        (request(Via="SIP/2.0/UDP ???"), "a Via that cannot be read"),
        (request(Via="SIP/2.0/UDP h:0"), "a Via with a port that is none"),
        (request(Via="SIP/2.0/UDP h:65536"), "a Via with a port that is none"),
        (request(Subject="a\nb"), "a control character in a header field"),
        (request(Subject="a\0b"), "a control character in a header field"),
        (request(**{f"X{at}": "1" for at in range(MOST_HEADERS)}), "too many header fields"),
        (b"INVITE x SIP/2.0\r\n" + b"a" * 65536, "more octets than a datagram has"),
    ],
)
def test_what_cannot_be_answered_is_not(ask: Ask, datagram: bytes, why: str) -> None:
    assert ask(datagram) == Unanswered(Silence.UNREADABLE, why)


def test_a_response_is_not_answered(ask: Ask) -> None:
    assert ask(b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n") == Unanswered(Silence.RESPONSE, "no request line")


def test_q_values_fall_and_never_reach_zero() -> None:
    assert [q_value(at, 8) for at in range(8)] == ["1.0", "0.875", "0.75", "0.625", "0.5", "0.375", "0.25", "0.125"]
    assert [q_value(at, 2) for at in range(2)] == ["1.0", "0.5"]


def test_a_tag_in_a_uri_is_no_tag() -> None:
    assert not has_tag("<sip:b@d;tag=1>")
    assert has_tag("<sip:b@d>;tag=1")


def test_a_node_that_is_down_is_no_contact(ask: Ask, hss, tables: Tables) -> None:
    first = header(ask(request()), "Contact").split("@")[1].split(";")[0]
    state = State(subscribers=hss, down={first: "probe failed"})
    reply = redirect(request(), tables, state, SETTINGS, source=SOURCE)
    assert first not in header(reply, "Contact")
    assert Suppose().reasons == {}
