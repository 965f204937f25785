"""`hss subscriber add|show|list|set|delete`: subscribers by the management API."""

import json
from typing import Any, Final

import click

from hss.cli.http import Api, api_option
from hss.cli.output import Refusal

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
REGISTRATION: Final = ("not-registered", "registered", "unregistered", "authentication-pending")


@click.group()
def subscriber() -> None:
    """Add, show, list, change and delete subscribers."""


@subscriber.command()
@click.option("--operator", required=True, help="Operator that the subscriber belongs to.")
@click.option("--imsi", help="IMSI; private and temporary public identity are derived from it.")
@click.option("--msisdn", help="Mobile number; a tel URI, a SIP URI and a circuit-switched side are derived from it.")
@click.option("--number", help="Fixed number; a tel URI and a SIP URI are derived from it.")
@click.option("--name", help="Name of the subscription; default: the IMSI or the number.")
@click.option("--k", help="K, 32 hexadecimal digits.")
@click.option("--opc", help="OPc, 32 hexadecimal digits.")
@click.option("--op", help="OP, 32 hexadecimal digits, in place of OPc.")
@click.option("--password", help="Password; chooses SIP Digest unless K is given.")
@click.option("--service-profile", help="Service profile of the public identities.")
@click.option("--voicebox", help="Number of the voicebox.")
@click.option("--vlr-number", help="VLR where the subscriber is registered.")
@click.option("--icscf-host", help="Static I-CSCF.")
@click.option("--icscf-pool", help="Pool of I-CSCFs.")
@click.option("--preference", type=click.Choice(["cs-first", "ims-first", "ims-only"]), help="Domain to try first.")
@click.option("--scscf", help="S-CSCF that serves the subscription.")
@click.option("--state", type=click.Choice(REGISTRATION[:3]), help="Registration state.")
@as_json
@api_option
def add(api: Api, *, as_json: bool, **given: str | None) -> None:
    """Create a whole subscriber from an IMSI or a number; everything else is derived or defaulted."""
    body = {name: value for name, value in given.items() if value is not None}
    if "password" in body and "k" not in body:
        body["scheme"] = "SIP Digest"
    show_one(api.send("POST", "subscribers", body=body), as_json=as_json)


@subscriber.command()
@click.argument("identity")
@as_json
@api_option
def show(api: Api, *, identity: str, as_json: bool) -> None:
    """Show one subscriber, found by any of its identities in any form."""
    show_one(find(api, identity), as_json=as_json)


@subscriber.command(name="list")
@click.option("--operator", help="Only subscribers of this operator.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many.")
@click.option("--after", help="Start behind this name.")
@as_json
@api_option
def list_(api: Api, *, operator: str | None, limit: int, after: str | None, as_json: bool) -> None:
    """List subscribers in the order of their names."""
    page = api.get("subscriptions", limit=limit, after=after, operator=operator)
    if as_json:
        click.echo(json.dumps(page, indent=2))
        return
    for found in page["items"]:
        uris = [public["uri"] for group in found["sets"] for public in group["identities"]]
        states = ",".join(sorted({group["state"] for group in found["sets"]})) or "-"
        click.echo(f"{found['name']:<20} {found['operator']:<12} {states:<16} {' '.join(uris)}")
    if page.get("next"):
        click.echo(f"More: --after {page['items'][-1]['name']}", err=True)


@subscriber.command(name="set")
@click.argument("identity")
@click.argument("changes", nargs=-1, metavar="[PATH=TEXT | PATH:=JSON]...")
@click.option("--state", type=click.Choice(REGISTRATION), help="Registration state, set by hand.")
@click.option("--scscf", help="S-CSCF that goes with the state.")
@as_json
@api_option
def set_(
    api: Api, *, identity: str, changes: tuple[str, ...], state: str | None, scscf: str | None, as_json: bool
) -> None:
    """Change a subscriber: `hss subscriber set tel:+491715407090 circuit_switched.voicebox=+491713315407090`.

    PATH=TEXT sets text; PATH:=JSON sets anything else, as `ring_time_s:=20`; `PATH:=null` takes an entry out.
    """
    found = find(api, identity)
    if changes:
        found = api.send("PATCH", "subscriptions", found["name"], body=merge_patch(changes))
    if state is not None:
        body: dict[str, Any] = {"state": state} | ({"scscf": {"name": scscf}} if scscf else {})
        uri = registrable(found, identity)
        api.send("PUT", "public-identities", uri, "registration", body=body)
        found = api.get("subscriptions", found["name"])
    show_one(found, as_json=as_json)


@subscriber.command()
@click.argument("identity")
@as_json
@api_option
def delete(api: Api, *, identity: str, as_json: bool) -> None:
    """Delete a subscriber, found by any of its identities."""
    name = find(api, identity)["name"]
    api.send("DELETE", "subscriptions", name)
    click.echo(json.dumps({"deleted": name}) if as_json else f"Deleted {name}.")


def find(api: Api, identity: str) -> dict[str, Any]:
    """Ask for the subscriber that has an identity."""
    found: dict[str, Any] = api.get("lookup", identity=identity)
    return found


def merge_patch(changes: tuple[str, ...], *, into: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read `a.b=TEXT` and `a.b:=JSON` into a JSON merge patch (RFC 7396), or into a document."""
    patch: dict[str, Any] = {} if into is None else into
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals or not path.rstrip(":"):
            raise click.UsageError(f"{change!r}: must be PATH=TEXT or PATH:=JSON")
        at = patch
        *outer, last = path.removesuffix(":").split(".")
        for name in outer:
            at = at.setdefault(name, {})
            if not isinstance(at, dict):
                raise click.UsageError(f"{change!r}: another change sets {name} as a whole")
        at[last] = _json(text, change) if path.endswith(":") else text
    return patch


def registrable(found: dict[str, Any], identity: str) -> str:
    """Choose the public identity whose set is meant: the one named, or the only set there is."""
    uris: list[list[str]] = [[public["uri"] for public in group["identities"]] for group in found["sets"]]
    named = [uri for group in uris for uri in group if uri == identity]
    if named:
        return named[0]
    if len(uris) != 1:
        raise Refusal(f"{found['name']} has {len(uris)} registration sets: name one of their public identities")
    return uris[0][0]


def show_one(found: dict[str, Any], *, as_json: bool) -> None:
    """Print a subscriber for a person, or as JSON."""
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"{found['name']} ({found['operator']})")
    for private in found["private_identities"]:
        secrets = ", ".join(private["has_credentials"]) or "no credentials"
        click.echo(f"  private   {private['nai']}  {private['scheme']}  {secrets}")
    for group in found["sets"]:
        pending = ", authentication pending" if group["authentication_pending"] else ""
        click.echo(f"  set       {group['state']}{pending}")
        for public in group["identities"]:
            marks = [public["kind"]] * (public["kind"] != "distinct-user") + ["barred"] * public["barred"]
            click.echo("    public  " + "  ".join([public["uri"], *marks]))
    if found["scscf"]:
        click.echo(f"  S-CSCF    {found['scscf']['name']}")
    if found["circuit_switched"]:
        _show_circuit_switched(found["circuit_switched"])
    for contact in found["contacts"]:
        path = " via " + ", ".join(contact["path"]) if contact["path"] else ""
        click.echo(f"  contact   {contact['uri']}{path}")


def _show_circuit_switched(side: dict[str, Any]) -> None:
    click.echo(f"  MSISDN    {', '.join(side['msisdns'])}  {side['preference']}")
    if side["vlr_number"]:
        click.echo(f"  VLR       {side['vlr_number']}")
    if side["voicebox"]:
        click.echo(f"  voicebox  {side['voicebox']}")
    if side["icscf"]:
        entry = side["icscf"]
        click.echo(f"  I-CSCF    {entry['host'] or 'pool ' + entry['pool']}")


def _json(text: str, change: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{change!r}: not JSON: {error}") from error
