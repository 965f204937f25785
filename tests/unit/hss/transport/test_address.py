import pytest

from hss.transport.address import Address, AddressError, joined, parse_addresses


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:3868", "127.0.0.1", 3868),
        (" [::1]:0 ", "::1", 0),
        ("hss.example:65535", "hss.example", 65535),
        ("*:3868", "*", 3868),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    assert Address.parse(text) == Address(host, port)


@pytest.mark.parametrize("text", ["127.0.0.1:1", "[2001:db8::1]:3868", "localhost:5"])
def test_an_address_is_written_as_it_is_read(text: str) -> None:
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize(("text", "host"), [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("a.example", "a.example")])
def test_a_port_may_be_missing_where_there_is_a_default(text: str, host: str) -> None:
    assert Address.parse(text, default_port=3868) == Address(host, 3868)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("127.0.0.1", "no port"),
        ("[::1]", "no port"),
        ("::1", "no port"),
        ("127.0.0.1:", "not a number"),
        ("127.0.0.1:x", "not a number"),
        ("127.0.0.1:65536", "not a number"),
        ("127.0.0.1:-1", "not a number"),
        (":3868", "no host"),
        ("", "no port"),
        ("[127.0.0.1]:1", "brackets are for IPv6"),
        ("[::g]:1", "not an IP address"),
        ("a b:1", "not a host name"),
        ("tcp://a:1", "no port"),
        ("a/b:1", "not a host name"),
        ("a,b:1", "one address is wanted, not 2"),
    ],
)
def test_what_is_no_address_is_refused_with_the_rule(text: str, rule: str) -> None:
    with pytest.raises(AddressError, match=rule):
        Address.parse(text)


def test_a_bare_ipv6_address_is_told_of_its_brackets() -> None:
    with pytest.raises(AddressError, match="stands in brackets"):
        Address.parse("2001:db8::1", default_port=1)


def test_several_addresses_share_one_port() -> None:
    assert parse_addresses("10.0.0.1, [2001:db8::1]:3868") == (Address("10.0.0.1", 3868), Address("2001:db8::1", 3868))
    assert parse_addresses("10.0.0.1,10.0.0.2", default_port=2905) == (
        Address("10.0.0.1", 2905),
        Address("10.0.0.2", 2905),
    )


@pytest.mark.parametrize("text", ["*:1", "localhost:1", "10.0.0.1,a:1", "10.0.0.1,,10.0.0.2:1"])
def test_several_addresses_are_ip_addresses(text: str) -> None:
    with pytest.raises(AddressError):
        parse_addresses(text)


@pytest.mark.parametrize("text", ["10.0.0.1:3868", "[::1]:0", "10.0.0.1,[2001:db8::1],10.0.0.2:3868"])
def test_addresses_are_written_as_they_are_read(text: str) -> None:
    assert joined(parse_addresses(text)) == text


def test_addresses_without_a_port_in_common_are_written_one_by_one() -> None:
    assert joined([Address("10.0.0.1", 1), Address("::1", 2)]) == "10.0.0.1:1,[::1]:2"
