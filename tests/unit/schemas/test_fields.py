from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas import fields


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        (fields.Number, "+49-171 540/7090", "+491715407090"),
        (fields.Number, "49171", "+49171"),
        (fields.ImsiText, "262011234567890", "262011234567890"),
        (fields.NaiText, "Alice@IMS.example", "Alice@ims.example"),
        (fields.ImpuText, "SIP:alice@IMS.example:5060;lr", "sip:alice@ims.example"),
        (fields.Host, "Icscf1.IMS.example.", "icscf1.ims.example"),
        (fields.IcscfHost, ".".join(["A" * 45] * 3) + ".", ".".join(["a" * 45] * 3)),
        (fields.LentPrefix, "+49 179 91234", "+4917991234"),
        (fields.ObjectIdentifier, "1.3.6.1.4.1.32473.1.1", "1.3.6.1.4.1.32473.1.1"),
        (fields.ObjectIdentifier, "2.999", "2.999"),
        (fields.ObjectIdentifier, "1.2.826.0.1249.58.1.0", "1.2.826.0.1249.58.1.0"),
        (fields.SipUri, "sip:scscf1.ims.example:6060;transport=tcp", "sip:scscf1.ims.example:6060;transport=tcp"),
        (fields.SipUri, "sips:alice@[2001:db8::1]:65535", "sips:alice@[2001:db8::1]:65535"),
        (fields.DiameterUri, "aaa://ccf.example:3868;transport=sctp", "aaa://ccf.example:3868;transport=sctp"),
        (fields.Name, "+49-721@a:b.c_d", "+49-721@a:b.c_d"),
        (fields.Digits, "0123", "0123"),
        (fields.Key, "465B5CE8B199B49FAA5F0A2EE238A6BC", "465b5ce8b199b49faa5f0a2ee238a6bc"),
        (fields.Line, "Älice 👨‍👩‍👧", "Älice 👨‍👩‍👧"),
        (fields.Text, "a\n\tb", "a\n\tb"),
        (fields.Secret, " correct horse ", " correct horse "),
        (fields.Port, 65535, 65535),
        (fields.Unsigned31, 0x7FFFFFFF, 0x7FFFFFFF),
        (fields.Unsigned32, 0xFFFFFFFF, 0xFFFFFFFF),
        (fields.Seconds, 0, 0),
    ],
)
def test_a_value_is_kept_in_its_canonical_form(field: Any, given: object, kept: object) -> None:
    assert TypeAdapter(field).validate_python(given) == kept


@pytest.mark.parametrize(
    ("field", "given", "rule"),
    [
        (fields.Number, "0171x", "at most 15 digits"),
        (fields.Number, "+", "at most 15 digits"),
        (fields.ImsiText, "12345", "6 to 15 digits"),
        (fields.NaiText, "alice", "user@realm"),
        (fields.ImpuText, "alice", "URI"),
        (fields.Host, "-a.example", "RFC 1123"),
        (fields.IcscfHost, ".".join(["a" * 45] * 2 + ["a" * 47]), "at most 138 octets"),
        (fields.IcscfHost, "a..b", "RFC 1123"),
        (fields.LentPrefix, "+49179912345", "at most 10 digits"),
        (fields.ObjectIdentifier, "1", "pattern"),
        (fields.ObjectIdentifier, "3.1", "pattern"),
        (fields.ObjectIdentifier, "1.03", "pattern"),
        (fields.ObjectIdentifier, "1.40.1", "at most 16 octets"),
        (fields.ObjectIdentifier, "2.25." + "9" * 38, "at most 16 octets"),
        (fields.ObjectIdentifier, ".".join(["1"] * 17), "pattern"),
        (fields.Host, "a..b", "RFC 1123"),
        (fields.Host, "a" * 64, "RFC 1123"),
        (fields.SipUri, "scscf1.ims.example", "RFC 3261"),
        (fields.SipUri, "sip:a:65536", "RFC 3261"),
        (fields.SipUri, "sip:a\x00@b", "RFC 3261"),
        (fields.SipUri, "sip:" + "a" * 2000, "1024"),
        (fields.DiameterUri, "http://a", "RFC 6733"),
        (fields.Name, "two words", "pattern"),
        (fields.Name, "", "pattern"),
        (fields.Digits, "12a", "pattern"),
        (fields.Key, "00", "pattern"),
        (fields.Line, "a\nb", "control characters"),
        (fields.Line, "", "at least 1"),
        (fields.Text, "a\x00b", "control characters"),
        (fields.Secret, "", "at least 1"),
        (fields.Port, 0, "greater than"),
        (fields.Unsigned31, 1 << 31, "less than"),
        (fields.Unsigned32, 1 << 32, "less than"),
        (fields.Seconds, -1, "greater than"),
    ],
)
def test_a_wrong_value_is_refused_with_the_rule(field: Any, given: object, rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        TypeAdapter(field).validate_python(given)
