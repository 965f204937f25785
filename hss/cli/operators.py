"""`hss operator`: operators, and their entry nodes one by one."""

from collections.abc import Iterator
from typing import Any, Final

import click

from hss.cli.http import Api, api_option
from hss.cli.records import Part, Records, Shown, add_record, change_part, part_options, record_group
from hss.cli.subscriber import as_json

KINDS: Final = {1: "mobile", 2: "fixed"}
MOST_SHOWN: Final = 10  # prefixes or blocks; `hss prefix list` and `hss number-block list` have all


def _row(operator: Shown) -> str:
    counts = f"prefixes: {len(operator['prefixes'])}, blocks: {len(operator['blocks'])}"
    return f"{operator['name']:<20} type {operator['type']}  {operator['home_domain']:<30} {counts}"


def _whole(operator: Shown) -> list[str]:
    return [
        f"{operator['name']} (type {operator['type']}, {KINDS[operator['type']]}{_marks(operator)})",
        f"  domain    {operator['home_domain']}",
        f"  dialling  {_dialling(operator)}",
        *_numbers(operator),
        *_entries(operator),
    ]


def _marks(operator: Shown) -> str:
    elsewhere = ", subscribers kept elsewhere" if not operator["home"] else ""
    return elsewhere + (", default route" if operator["default_route"] else "")


def _dialling(operator: Shown) -> str:
    area, trunk = operator["area_code"], operator["trunk_prefix"]
    parts = [f"+{operator['country_code']}", f"area {area}" if area else "", f"trunk {trunk}" if trunk else ""]
    return "  ".join([*filter(None, parts), f"international {operator['international_prefix']}"])


def _numbers(operator: Shown) -> Iterator[str]:
    if operator["mcc"]:
        yield f"  PLMN      {operator['mcc']}-{operator['mnc'] or '?'}"
    for label, field in (("HLR", "hlr_number"), ("IMRN", "imrn_prefix"), ("MSRN", "msrn_prefix")):
        if operator[field]:
            yield f"  {label:<8}  {operator[field]}{'' if field == 'hlr_number' else '...'}"
    yield from _first("prefix", operator["prefixes"])
    blocks = (f"{one['stem']}  {one['minimum']} to {one['maximum']} digits" for one in operator["blocks"])
    yield from _first("block", list(blocks))
    yield from _first("routing", operator["routing_numbers"])
    yield from _first("carrier", operator["carriers"])
    services = (f"{one['number']} in {one['phone_context']}  {one['urn'] or ''}" for one in operator["service_numbers"])
    yield from _first("service", [service.rstrip() for service in services])


def _first(label: str, lines: list[str]) -> Iterator[str]:
    yield from (f"  {label:<8}  {line}" for line in lines[:MOST_SHOWN])
    if len(lines) > MOST_SHOWN:
        yield f"  {label:<8}  ... and {len(lines) - MOST_SHOWN} more"


def _entries(operator: Shown) -> Iterator[str]:
    for node in operator["entry_nodes"]:
        yield (
            f"  entry     {node['name']:<12}  {node['kind']}  {node['host']:<30}  {node['state']:<4}"
            f"  priority {node['priority']}  weight {node['weight']}"
        )
    if entry := operator["icscf"]:
        port = f":{entry['port']}" if entry["port"] else ""
        yield f"  I-CSCF    {entry['host'] + port if entry['host'] else 'pool ' + entry['pool']}"


OPERATORS: Final = Records(
    name="operator",
    path="operators",
    key="name",
    one="an operator",
    many="operators",
    row=_row,
    whole=_whole,
    filters={"type": "Only those of this type.", "home_domain": "Only those with this home domain."},
    example="hss operator set mobile icscf.pool=south icscf.host:=null",
)
operator = record_group(OPERATORS)


@operator.command()
@OPERATORS.argument
@click.argument("further", nargs=-1, metavar="[PATH=TEXT | PATH:=JSON]...")
@click.option("--type", "kind", type=click.Choice(["1", "2"]), required=True, help="1: mobile, with an HLR; 2: fixed.")
@click.option("--home-domain", required=True, help="Home domain of its subscribers.")
@click.option("--country-code", required=True, help="Country code, as 49.")
@click.option("--area-code", help="Area code that its subscribers may leave out.")
@click.option("--mcc", help="Mobile country code.")
@click.option("--mnc", help="Mobile network code.")
@click.option("--prefix", "prefixes", multiple=True, help="A prefix, as +49171; may come several times.")
@click.option("--icscf-host", help="Responsible I-CSCF.")
@click.option("--icscf-pool", help="Responsible pool of I-CSCFs.")
@as_json
@api_option
def add(
    api: Api,
    *,
    key: str,
    further: tuple[str, ...],
    kind: str,
    prefixes: tuple[str, ...],
    icscf_host: str | None,
    icscf_pool: str | None,
    as_json: bool,
    **given: Any,  # noqa: ANN401 - fields
) -> None:
    """Create an operator.

    PATH=TEXT sets any further field, as `trunk_prefix=0`; PATH:=JSON what is no text, as `blocks:=[...]`.
    """
    body = {"name": key, "type": int(kind), **given, "prefixes": list(prefixes)}
    if icscf_host or icscf_pool:
        entry = {"host": icscf_host, "pool": icscf_pool}
        body["icscf"] = {name: value for name, value in entry.items() if value is not None}
    add_record(api, OPERATORS, body, further=further, as_json=as_json)


@operator.command(name="entry-node")
@OPERATORS.argument
@click.argument("node")
@click.option("--kind", type=click.Choice(["gmsc", "mgcf"]), help="What it is; --add needs it.")
@click.option("--host", help="Where it is; --add needs it.")
@part_options
def entry_node(api: Api, *, key: str, node: str, way: str | None, as_json: bool, **given: str | int | None) -> None:
    """Change, add or remove an entry node of an operator.

    For example `hss operator entry-node mobile gmsc1 --state down`.
    """
    if way == "add" and not (given["kind"] and given["host"]):
        raise click.UsageError("--add needs --kind and --host")
    part = Part(listed="entry_nodes", name=f"entry node {node} of {key}", identity={"name": node}, given=given)
    change_part(api, OPERATORS, key, part, way=way, as_json=as_json)
