"""`hss route simulate` and `hss route iam`: whole calls, against devices that are played, or from an ISUP IAM."""

import json
import re
from pathlib import Path
from typing import Any, Final

import click

from hss.cli.http import Api, api_option
from hss.cli.output import Refusal, printable
from hss.cli.route_asking import Asking, alone_options, asking
from hss.cli.route_nodes import SupposedDown
from hss.cli.route_query import called_of, down_option, query_of, query_options, seed_option

# EVENTS begin behind the first "=" after which everything is an event: contacts have that sign too
_SCRIPT: Final = re.compile(
    r"""(?P<branch>.+?)=(?P<events>\s*(?:silent|(?:error|[0-9]+)(?:@[^\s=]*)?(?:=sips?:\S*)?
    (?:\s+(?:error|[0-9]+)(?:@[^\s=]*)?(?:=sips?:\S*)?)*)\s*)""",
    re.VERBOSE | re.IGNORECASE,
)


@click.command()
@click.argument("number")
@click.option("--device", multiple=True, metavar="BRANCH=EVENTS", help="As b1='180@1 200@12', b2=486@2, b3=silent.")
@click.option("--recurse", is_flag=True, help="Call the contacts of a 3xx, unless --request-disposition says no.")
@click.option("--rung-out", type=click.IntRange(300, 699), help="What the caller gets when all ring out.")
@query_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@alone_options
@api_option
def simulate(
    api: Api,
    *,
    number: str,
    device: tuple[str, ...],
    recurse: bool,
    rung_out: int | None,
    as_json: bool,
    database: str | None,
    secrets_key_file: Path | None,
    sample: bool,
    **given: Any,  # noqa: ANN401 - the options of a query
) -> None:
    """Play the forking plan of NUMBER against devices that behave as given; one that is not given is silent.

    An event is a status, or `error`, and the seconds after the INVITE; behind a 3xx stand its contacts, as
    302@1=sip:new@192.0.2.9, with commas between them. BRANCH is b1, b2 ..., or a contact. A call that ends before
    the fork ends by its own status; one that ends by none here (an emergency call, another operator) cannot be played.
    """
    body = query_of(**given) | {"called": called_of(number, given["kind"]), "devices": _devices(device)}
    body["recurse"] = recurse
    if rung_out is not None:
        body["rung_out"] = rung_out
    with asking(api, database, secrets_key_file, sample=sample) as desk:
        found = _asked(desk, "simulate", body)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo("\n".join(map(printable, [*found["plan"]["lines"], "", *found["lines"]])))
    click.echo(f"The caller gets {found['status']} after {found['answered_s']:g} s.")


def _asked(desk: Asking, what: str, body: dict[str, Any]) -> dict[str, Any]:
    nodes = SupposedDown(desk, body)
    found = desk.ask(what, body)
    nodes.look([found["plan"]])
    nodes.end()
    return found


def _devices(given: tuple[str, ...]) -> dict[str, str]:
    devices: dict[str, str] = {}
    for branch, events in map(_script, given):
        if branch in devices:
            raise click.UsageError(f"--device {branch} is given twice")
        devices[branch] = events
    return devices


def _script(text: str) -> tuple[str, str]:
    if match := _SCRIPT.fullmatch(text):
        return match["branch"], match["events"]
    branch, equals, events = text.partition("=") if re.match("b[0-9]+=", text) else text.rpartition("=")
    if not equals:
        raise click.UsageError(f"--device {text}: must be BRANCH=EVENTS")
    return branch, events


@click.command()
@click.argument("octets", metavar="HEX")
@click.option("--with-circuit", is_flag=True, help="HEX begins with the circuit identification code.")
@click.option("--isup-body", is_flag=True, help="Put the IAM into the body of the INVITE (RFC 3204).")
@click.option("--host", help="Name of the gateway that writes the INVITE.")
@click.option("--operator", help="Operator whose users dial.")
@seed_option
@down_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@alone_options
@api_option
def iam(
    api: Api,
    *,
    octets: str,
    with_circuit: bool,
    isup_body: bool,
    host: str | None,
    operator: str | None,
    seed: int,
    down: tuple[str, ...],
    as_json: bool,
    database: str | None,
    secrets_key_file: Path | None,
    sample: bool,
) -> None:
    """Turn an ISUP IAM into the SIP INVITE that goes to the I-CSCF.

    Exit status 1 where the call is released, with the cause value; 0 also where it goes on without an INVITE, to a
    circuit-switched subscriber, a voicebox or another network.
    """
    body: dict[str, Any] = {"iam": octets, "with_circuit": with_circuit, "isup_body": isup_body, "seed": seed}
    body |= {name: value for name, value in (("host", host), ("operator", operator)) if value is not None}
    if down:
        body["suppose"] = {"down": list(down)}
    with asking(api, database, secrets_key_file, sample=sample) as desk:
        found = _asked(desk, "iam", body)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo("\n".join(map(printable, found["plan"]["lines"])))
        if sent := _sent(found):
            click.echo("\n" + "\n".join(map(printable, sent)))
    if found["release_cause"] is not None:
        raise Refusal(f"no INVITE: REL with cause {found['release_cause']}")


def _sent(found: dict[str, Any]) -> list[str]:
    """Write the INVITE and where it goes; its body in hexadecimal, 16 octets in a line."""
    if found["invite"] is None:
        return ["no INVITE: the call does not go to an I-CSCF"] if found["release_cause"] is None else []
    hop = found["next_hop"]
    body = bytes.fromhex(found["invite_octets"]).partition(b"\r\n\r\n")[2]
    octets = [body[at : at + 16].hex(" ") for at in range(0, len(body), 16)]
    headers = found["invite"].split("\r\n")
    place = f"to {hop['host']}:{hop['port']} by {hop['transport']}"
    return [place, "", *headers, *(["", *octets] if octets else [])]
