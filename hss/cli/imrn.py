"""`hss imrn`: numbers that lead into IMS, and for whom they stand."""

import json

import click

from hss.cli.http import Api, api_option


@click.command()
@click.argument("number", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@api_option
def imrn(api: Api, *, number: str | None, as_json: bool) -> None:
    """Show for whom the IMRN NUMBER stands, or all IMRNs that stand.

    An IMRN (IP multimedia routing number) is what sendRoutingInfo gives a Gateway-MSC for a call that goes to IMS.
    """
    found = [api.get("map", "imrns", number)] if number else api.get("map", "imrns")["items"]
    if as_json:
        click.echo(json.dumps(found[0] if number else found, indent=2))
        return
    for one in found:
        click.echo(f"{one['imrn']:<18} {one['msisdn']:<18} for {one['left_s']:.0f} s")
    if not found:
        click.echo("No IMRN is lent.")
