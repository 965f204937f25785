"""`hss prefix`, `hss number-block` and `hss ported-number`: the numbers of the numbering plan, one by one."""

from typing import Final

import click

from hss.cli.http import Api, api_option
from hss.cli.records import Records, Shown, add_record, record_group
from hss.cli.subscriber import as_json

OF_OPERATOR: Final = {"operator": "Only those of this operator."}
operator_option = click.option("--operator", required=True, help="Operator that it belongs to.")


def _prefix(one: Shown) -> str:
    return f"{one['prefix']:<16} {one['operator']}"


def _block(one: Shown) -> str:
    return f"{one['stem']:<16} {one['operator']:<20} {one['minimum']} to {one['maximum']} digits"


def _ported(one: Shown) -> str:
    code = f"rn {one['routing_number']}" if one["routing_number"] else ""
    return f"{one['number']:<16} {one['operator'] or '-':<20} {code}"


PREFIXES: Final = Records(
    name="prefix",
    path="prefixes",
    key="prefix",
    one="a prefix",
    many="prefixes of operators",
    row=_prefix,
    whole=lambda one: [_prefix(one)],
    filters=OF_OPERATOR,
    example="",
)
BLOCKS: Final = Records(
    name="number-block",
    path="number-blocks",
    key="stem",
    one="a number block or DDI stem",
    many="number blocks and DDI stems",
    row=_block,
    whole=lambda one: [_block(one)],
    filters=OF_OPERATOR,
    example="hss number-block set +49721957829 maximum:=3",
)
PORTED: Final = Records(
    name="ported-number",
    path="ported-numbers",
    key="number",
    one="a ported number",
    many="ported numbers",
    row=_ported,
    whole=lambda one: [_ported(one).rstrip()],
    filters=OF_OPERATOR,
    example="hss ported-number set +491715407091 operator=fixed",
)
prefix, number_block, ported_number = record_group(PREFIXES), record_group(BLOCKS), record_group(PORTED)


@prefix.command(name="add")
@PREFIXES.argument
@operator_option
@as_json
@api_option
def add_prefix(api: Api, *, key: str, operator: str, as_json: bool) -> None:
    """Give a prefix to an operator.

    For example `hss prefix add +49172 --operator mobile`.
    """
    add_record(api, PREFIXES, {"prefix": key, "operator": operator}, as_json=as_json)


@number_block.command(name="add")
@BLOCKS.argument
@operator_option
@click.option("--minimum", type=int, default=0, show_default=True, help="Fewest digits behind the stem.")
@click.option("--maximum", type=int, required=True, help="Most digits behind the stem.")
@as_json
@api_option
def add_block(api: Api, *, key: str, operator: str, minimum: int, maximum: int, as_json: bool) -> None:
    """Give a block to an operator.

    For example `hss number-block add +49721957829 --operator fixed --minimum 1 --maximum 4`.
    """
    body = {"stem": key, "operator": operator, "minimum": minimum, "maximum": maximum}
    add_record(api, BLOCKS, body, as_json=as_json)


@ported_number.command(name="add")
@PORTED.argument
@click.option("--operator", help="Operator of ours that has the number now.")
@click.option("--routing-number", help="Routing number of the network that has it now.")
@as_json
@api_option
def add_ported(api: Api, *, key: str, operator: str | None, routing_number: str | None, as_json: bool) -> None:
    """Note that a number was ported.

    It went to an operator of ours, or to another network that its routing number names.
    """
    if operator is None and routing_number is None:
        raise click.UsageError("--operator or --routing-number is needed")
    add_record(api, PORTED, {"number": key, "operator": operator, "routing_number": routing_number}, as_json=as_json)
