"""`hss icscf-pool`: pools of I-CSCFs, and their members one by one."""

from typing import Final

import click

from hss.cli.http import Api, api_option
from hss.cli.records import Part, Records, Shown, add_record, change_part, part_options, record_group
from hss.cli.subscriber import as_json

POLICIES: Final = ("rendezvous", "priority-weight", "round-robin")
TRANSPORTS: Final = ("udp", "tcp", "sctp", "tls")
SIP_PORT: Final = 5060


def _row(pool: Shown) -> str:
    up = sum(member["state"] == "up" for member in pool["members"])
    return f"{pool['name']:<20} {pool['policy']:<16} {up} of {len(pool['members'])} up"


def _whole(pool: Shown) -> list[str]:
    return [f"{pool['name']} ({pool['policy']})", *(_member(one) for one in pool["members"])]


def _member(one: Shown) -> str:
    place = f"{one['host']}:{one['port']}"
    return (
        f"  member    {place:<30}  {one['state']:<4}  {one['transport']:<4}"
        f"  priority {one['priority']}  weight {one['weight']}"
    )


POOLS: Final = Records(
    name="icscf-pool",
    path="icscf-pools",
    key="name",
    one="a pool of I-CSCFs",
    many="pools of I-CSCFs",
    row=_row,
    whole=_whole,
    filters={},
    example="hss icscf-pool set south policy=priority-weight",
)
icscf_pool = record_group(POOLS)


@icscf_pool.command()
@POOLS.argument
@click.option("--policy", type=click.Choice(POLICIES), help="How one is chosen. Default: rendezvous.")
@click.option("--member", "members", multiple=True, metavar="HOST[:PORT]", help="A member; may come several times.")
@as_json
@api_option
def add(api: Api, *, key: str, policy: str | None, members: tuple[str, ...], as_json: bool) -> None:
    """Create a pool.

    For example `hss icscf-pool add north --member icscf8.ims.example --member icscf9.ims.example:5070`.
    """
    add_record(
        api, POOLS, {"name": key, "policy": policy, "members": [_place(one) for one in members]}, as_json=as_json
    )


@icscf_pool.command()
@POOLS.argument
@click.argument("host", metavar="HOST[:PORT]")
@click.option("--transport", type=click.Choice(TRANSPORTS), help="Transport of SIP.")
@part_options
def member(api: Api, *, key: str, host: str, way: str | None, as_json: bool, **given: str | int | None) -> None:
    """Change, add or remove a member of a pool.

    For example `hss icscf-pool member south icscf1.ims.example --state down`.
    """
    place = _place(host)
    if way == "add":
        place.setdefault("port", SIP_PORT)
    part = Part(listed="members", name=f"member {host} of {key}", identity=place, given=given)
    change_part(api, POOLS, key, part, way=way, as_json=as_json)


def _place(text: str) -> Shown:
    """Read HOST or HOST:PORT."""
    host, colon, port = text.rpartition(":")
    if not colon:
        return {"host": text.lower()}
    if not (port.isascii() and port.isdecimal() and len(port) <= 5):
        raise click.UsageError(f"{text}: must be HOST or HOST:PORT")
    return {"host": host.lower(), "port": int(port)}
