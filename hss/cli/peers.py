"""`hss peers`: who is configured, and who is connected."""

import json
from typing import Final

import click

from hss.cli.http import Api, api_option

LINE: Final = "{:<32} {:<9} {:<5} {:<24} {}"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@api_option
def peers(api: Api, *, as_json: bool) -> None:
    """Show who is connected, and which Diameter peers are configured."""
    connected = api.get("connections")["items"]
    configured = api.get("diameter-peers", limit=1000)["items"]
    if as_json:
        click.echo(json.dumps({"connections": connected, "configured": configured}, indent=2))
        return
    for one in connected:
        click.echo(
            LINE.format(one["name"] or "(unnamed)", one["protocol"], one["transport"], one["address"], one["state"])
        )
    names = {one["name"] for one in connected}
    for peer in configured:
        if peer["origin_host"] not in names:
            state = "not connected" if peer["state"] == "up" else "administratively down"
            click.echo(LINE.format(peer["origin_host"], "diameter", peer["transport"], "-", state))
    if not connected and not configured:
        click.echo("No peer is connected, and none is configured.")
