"""What the groups of commands for records of the management API have in common.

`record_group` makes a group with `list`, `show`, `set` and `delete` of one table row; how a record is added differs, so
each group says that itself.
"""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from hss.cli import COMMANDS
from hss.cli.http import Api, api_option
from hss.cli.output import Refusal
from hss.cli.subscriber import as_json, merge_patch

Shown = dict[str, Any]
STATES: Final = ("up", "down")
state_option = click.option("--state", type=click.Choice(STATES), help="Administrative state.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """A kind of record: where it is in the management API, what people call it, and how it is shown."""

    name: str  # of the group
    path: str
    key: str  # the field of the natural key
    one: str  # with its article
    many: str
    row: Callable[[Shown], str]  # in a list
    whole: Callable[[Shown], Sequence[str]]  # the lines of `show`
    filters: Mapping[str, str]  # field -> help; each becomes an option
    example: str  # of `set`; empty: there is nothing to change

    @property
    def argument(self) -> Callable[..., Any]:
        """The argument that takes the key."""
        return click.argument("key", metavar=self.key.upper())


def record_group(records: Records) -> click.Group:
    """Make the group of a kind of record."""
    group = click.Group(records.name, help=COMMANDS[records.name][1])
    group.add_command(_list(records))
    group.add_command(_show(records))
    if records.example:
        group.add_command(_set(records))
    group.add_command(_delete(records))
    return group


def add_record(api: Api, records: Records, body: Shown, *, further: tuple[str, ...] = (), as_json: bool) -> None:
    """Create a record of what is given, with the changes of `further`, and show it."""
    given = {name: value for name, value in body.items() if value is not None}
    show_one(records, api.send("POST", records.path, body=merge_patch(further, into=given)), as_json=as_json)


def show_one(records: Records, found: Shown, *, as_json: bool) -> None:
    """Print a record for a person, or as JSON."""
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(records.whole(found)))


def _list(records: Records) -> click.Command:
    @click.command(name="list", help=f"List {records.many} in their order.")
    @click.option("--beginning", help=f"Only those whose {records.key} begins like this.")
    @_filter_options(records.filters)
    @click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many.")
    @click.option("--after", help=f"Start behind this {records.key}.")
    @as_json
    @api_option
    def command(
        api: Api, *, beginning: str | None, limit: int, after: str | None, as_json: bool, **filters: str | None
    ) -> None:
        page = api.get(records.path, limit=limit, after=after, **{records.key: beginning}, **filters)
        if as_json:
            click.echo(json.dumps(page, indent=2))
            return
        for found in page["items"]:
            click.echo(records.row(found).rstrip())
        if page["next"]:
            click.echo(f"More: --after {page['items'][-1][records.key]}", err=True)

    return command


def _filter_options(filters: Mapping[str, str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for name, text in reversed(list(filters.items())):
            command = click.option(f"--{name.replace('_', '-')}", name, help=text)(command)
        return command

    return decorate


def _show(records: Records) -> click.Command:
    @click.command(name="show", help=f"Show {records.one}.")
    @records.argument
    @as_json
    @api_option
    def command(api: Api, *, key: str, as_json: bool) -> None:
        show_one(records, api.get(records.path, key), as_json=as_json)

    return command


def _set(records: Records) -> click.Command:
    @click.command(
        name="set",
        help=f"Change {records.one}.\n\nFor example `{records.example}`. "
        "PATH=TEXT sets text; PATH:=JSON sets anything else; `PATH:=null` takes an entry out.",
    )
    @records.argument
    @click.argument("changes", nargs=-1, required=True, metavar="PATH=TEXT | PATH:=JSON...")
    @as_json
    @api_option
    def command(api: Api, *, key: str, changes: tuple[str, ...], as_json: bool) -> None:
        show_one(records, api.send("PATCH", records.path, key, body=merge_patch(changes)), as_json=as_json)

    return command


def _delete(records: Records) -> click.Command:
    @click.command(name="delete", help=f"Delete {records.one}.")
    @records.argument
    @as_json
    @api_option
    def command(api: Api, *, key: str, as_json: bool) -> None:
        api.send("DELETE", records.path, key)
        click.echo(json.dumps({"deleted": key}) if as_json else f"Deleted {key}.")

    return command


# --- Parts of a record, by themselves ---------------------------------------------------------------------------------


def part_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that changes one part of a record what it needs: whether to add or remove it, and its weights."""
    options = (
        click.option("--add", "way", flag_value="add", help="Add it; without --add or --remove, change it."),
        click.option("--remove", "way", flag_value="remove", help="Take it out."),
        state_option,
        click.option("--priority", type=click.IntRange(0, 65535), help="Lower ones are tried first."),
        click.option("--weight", type=click.IntRange(0, 65535), help="Share among those of one priority."),
        as_json,
        api_option,
    )
    return functools.reduce(lambda made, option: option(made), reversed(options), command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a record: the list that it is in, what it is called, and which entries of the list are it."""

    listed: str
    name: str
    identity: Shown  # its fields that say which one it is
    given: Shown  # fields to set; None is not given

    def changed(self, document: Shown, way: str | None) -> Shown:
        """Give a patch of the record; raise `Refusal` where the part is missing, or there already."""
        entries: list[Shown] = document[self.listed]
        places = [at for at, entry in enumerate(entries) if self.identity.items() <= entry.items()]
        fields = {name: value for name, value in self.given.items() if value is not None}
        if way == "add":
            if places:
                raise Refusal(f"{self.name} is there already; leave --add out to change it")
            return {self.listed: [*entries, self.identity | fields]}
        if len(places) != 1:
            there = "there is no" if not places else "more than one"
            hint = "; --add adds it" if not places and way is None else "; say its port, too" if places else ""
            raise Refusal(f"{there} {self.name}{hint}")
        kept = [] if way == "remove" else [entries[places[0]] | fields]
        return {self.listed: [*entries[: places[0]], *kept, *entries[places[0] + 1 :]]}


def change_part(api: Api, records: Records, key: str, part: Part, *, way: str | None, as_json: bool) -> None:
    """Add, change or remove one part of a record, whoever else changes others; show the record."""
    if way == "remove" and any(value is not None for value in part.given.values()):
        raise click.UsageError("--remove takes nothing else")
    found = api.revise(records.path, key, change=lambda document: part.changed(document, way))
    show_one(records, found, as_json=as_json)
