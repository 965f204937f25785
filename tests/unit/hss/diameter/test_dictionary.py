"""The tables, against the numbers and against an independent dictionary."""

import subprocess
import sys

import pytest
from diameter.message.avp import dictionary as library

from hss.diameter.dictionary import (
    AVPS,
    COMMANDS,
    CORRECTIONS,
    SMALLEST,
    AvpDefinition,
    Type,
    base,
    command_name,
    grammar,
    name_of,
    tgpp,
)
from schemas.numbers.cx import LINE_IDENTIFIER, CxCommand, ShCommand, TgppAvp
from schemas.numbers.diameter import VENDOR_3GPP, VENDOR_ETSI, Application, BaseAvp, BaseCommand

TYPES = {
    Type.OCTETS: "AvpOctetString",
    Type.TEXT: "AvpUtf8String",
    Type.IDENTITY: "AvpOctetString",  # the library has no type of its own for it
    Type.UNSIGNED32: "AvpUnsigned32",
    Type.UNSIGNED64: "AvpUnsigned64",
    Type.ENUMERATED: "AvpInteger32",  # nor for enumerations
    Type.ADDRESS: "AvpAddress",
    Type.TIME: "AvpTime",
    Type.GROUP: "AvpGrouped",
    Type.ANYTHING: "AvpGrouped",
}


def test_every_number_has_a_row_and_every_row_a_number() -> None:
    numbers = [(code, 0) for code in BaseAvp] + [(code, VENDOR_3GPP) for code in TgppAvp]
    assert {(row.code, row.vendor) for row in AVPS.values()} == {*numbers, (LINE_IDENTIFIER, VENDOR_ETSI)}


def test_the_names_of_rows_are_those_of_the_numbers() -> None:
    for registry, find in ((BaseAvp, base), (TgppAvp, tgpp)):
        for code in registry:
            assert find(code).name.upper().replace("-", "_") == code.name  # type: ignore[operator]


def test_every_command_has_a_grammar_of_known_avps() -> None:
    commands = [(Application.BASE, code) for code in BaseCommand]
    commands += [(Application.CX, code) for code in CxCommand] + [(Application.SH, code) for code in ShCommand]  # type: ignore[misc]
    assert set(COMMANDS) == set(commands)
    for definition in COMMANDS.values():
        assert grammar(definition.request).required
        assert grammar(definition.answer).required
    for row in AVPS.values():
        grammar(row.members)


def test_only_groups_have_members_and_only_enumerations_have_values() -> None:
    for row in AVPS.values():
        assert not row.members or row.type is Type.GROUP
        assert bool(row.values) is (row.type is Type.ENUMERATED)
        assert SMALLEST[row.type] >= 0


def test_signs_of_the_grammar() -> None:
    rules = grammar("!Session-Id Origin-Host ?User-Name *Class".replace("*Class", "*Route-Record +Host-IP-Address"))
    names = [row.name for row in rules.required]
    assert names == ["Session-Id", "Origin-Host", "Host-IP-Address"]
    assert rules.single == {base(code).key for code in (BaseAvp.SESSION_ID, BaseAvp.ORIGIN_HOST, BaseAvp.USER_NAME)}


def agrees(row: AvpDefinition) -> bool:
    rows = library.AVP_VENDOR_DICTIONARY.get(row.vendor, {}) if row.vendor else library.AVP_DICTIONARY
    other = rows.get(row.code)
    return other is not None and other["name"] == row.name and other["type"].__name__ == TYPES.get(row.type)


def expected_to_differ(row: AvpDefinition) -> bool:
    names = {"Digest-QoP", "Sh-User-Data"}
    return (row.code, row.vendor) in CORRECTIONS or row.name in names


def test_the_library_agrees_but_for_the_corrections() -> None:
    differing = {(row.code, row.vendor) for row in AVPS.values() if not agrees(row)}
    assert differing == set(CORRECTIONS)


@pytest.mark.parametrize(
    ("code", "vendor", "name"),
    [
        (601, VENDOR_3GPP, "Public-Identity"),
        (621, 0, "OC-Supported-Features"),
        (621, VENDOR_3GPP, "Primary-Charging-Collection-Function-Name"),
        (1032, VENDOR_3GPP, "RAT-Type"),
        (2, 0, "User-Password"),
        (494, 50, "494 of vendor 50"),
        (65000, 0, "65000"),
    ],
)
def test_names_are_for_people(code: int, vendor: int, name: str) -> None:
    assert name_of(code, vendor) == name


def test_commands_have_names() -> None:
    assert command_name(Application.CX, CxCommand.LOCATION_INFO, request=True) == "LIR"
    assert command_name(Application.BASE, BaseCommand.DEVICE_WATCHDOG, request=False) == "DWA"
    assert command_name(16777265, 303, request=True) == "303R"


def test_nothing_of_ours_imports_the_library_before_a_foreign_name_is_asked_for() -> None:
    program = "import sys, hss.diameter.client, hss.diameter.cx; sys.exit('diameter' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
