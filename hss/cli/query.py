"""`hss query`: send a real request, show the answer for a person or for a script."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hss.cli.output import Refusal
from hss.cli.query_sri import sri

if TYPE_CHECKING:
    from hss.diameter.client import LocationInfo

TRANSPORTS: Final = ("tcp", "sctp", "tls")
AUTHORIZATION_TYPES: Final = ("registration", "de-registration", "registration-and-capabilities")


@click.group()
def query() -> None:
    """Send a real request and show the answer."""


query.add_command(sri)


@query.command()
@click.argument("identity")
@click.option("--peer", default="127.0.0.1:3868", show_default=True, help="HSS: HOST:PORT; sctp: IP[,IP...]:PORT.")
@click.option("--transport", type=click.Choice(TRANSPORTS), default="tcp", show_default=True)
@click.option("--tls-ca", type=click.Path(path_type=Path), help="Authority of the HSS's certificate; default: any.")
@click.option("--origin-host", default="query.ims.example", show_default=True, help="Who asks.")
@click.option("--origin-realm", default="ims.example", show_default=True, help="Realm of who asks.")
@click.option("--destination-realm", help="Realm of the HSS. Default: --origin-realm.")
@click.option("--destination-host", help="Name of the HSS.")
@click.option("--originating", is_flag=True, help="Ask for an originating request (Originating-Request).")
@click.option("--authorization-type", type=click.Choice(AUTHORIZATION_TYPES), help="User-Authorization-Type.")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=5.0, show_default=True, help="Seconds to wait.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lir(
    *,
    identity: str,
    peer: str,
    transport: str,
    tls_ca: Path | None,
    origin_host: str,
    origin_realm: str,
    destination_realm: str | None,
    destination_host: str | None,
    originating: bool,
    authorization_type: str | None,
    timeout: float,
    as_json: bool,
) -> None:
    """Ask by Diameter Cx LIR which server has IDENTITY, for example tel:+491715407090.

    Exit status 1 where the HSS refuses, 3 where it does not answer.
    """
    from hss.app.asking import Target, ask_location_info  # noqa: PLC0415 - not needed for --help
    from hss.diameter.client import LocationInfoQuestion  # noqa: PLC0415
    from schemas.numbers.cx import UserAuthorizationType  # noqa: PLC0415

    target = Target(
        peer=peer,
        transport=transport,
        origin_host=origin_host,
        origin_realm=origin_realm,
        timeout_s=timeout,
        tls_ca=tls_ca,
    )
    kind = None if authorization_type is None else UserAuthorizationType(AUTHORIZATION_TYPES.index(authorization_type))
    found = ask_location_info(
        target,
        lambda session_id: LocationInfoQuestion(
            public=identity,
            destination_realm=destination_realm or origin_realm,
            destination_host=destination_host,
            session_id=session_id,
            originating=originating,
            authorization_type=kind,
        ),
    )
    click.echo(_json(found) if as_json else _shown(identity, found))
    if not found.outcome.is_success:
        raise Refusal(found.error_message or found.result)


def _json(found: "LocationInfo") -> str:
    values = asdict(found)
    values["outcome"] = {"code": int(found.outcome.code), "vendor": int(found.outcome.vendor)}
    return json.dumps(values, indent=2)


def _shown(identity: str, found: "LocationInfo") -> str:
    kind = "Experimental-Result" if found.outcome.vendor else "Result-Code"
    lines = [
        identity,
        f"  {kind:<20} {int(found.outcome.code)} {found.result}",
        f"  {'answered by':<20} {found.origin_host} in {found.elapsed_s * 1000:.1f} ms",
    ]
    if found.server_name:
        what = "application server" if found.direct_routing else "S-CSCF"
        lines.append(f"  {what:<20} {found.server_name}")
    if found.has_capabilities:
        lines += [
            f"  {name:<20} {', '.join(map(str, values))}"
            for name, values in (
                ("mandatory", found.mandatory_capabilities),
                ("optional", found.optional_capabilities),
                ("choose of", found.server_names),
            )
            if values
        ]
    elif found.outcome.is_success and not found.server_name:
        lines.append(f"  {'S-CSCF':<20} any")
    if found.wildcard:
        lines.append(f"  {'by wildcard':<20} {found.wildcard}")
    if found.failed_avps:
        lines.append(f"  {'Failed-AVP':<20} {', '.join(found.failed_avps)}")
    return "\n".join(lines)
