"""Options that are keys of the configuration: built from `Settings`, read from flag, environment and TOML file."""

import functools
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource
from pydantic import ValidationError

from hss.app.settings import Settings
from hss.cli.output import WrongConfiguration

DEFAULT_FILE: Final = Path("hss.toml")
SAID: Final = {"extra_forbidden": "there is no such key"}  # in place of the library's words


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--config` and a flag for every key; it gets them as `settings`."""

    @functools.wraps(command)
    def read_then_run(config_file: Path | None, **given: Any) -> None:  # noqa: ANN401 - whatever the command takes
        flags = {name: given.pop(name) for name in Settings.model_fields}
        command(settings=read_settings(flags, config_file), **given)

    decorated: Callable[..., None] = read_then_run
    for name, field in reversed(Settings.model_fields.items()):
        decorated = click.option(
            "--" + name.replace("_", "-"),
            envvar="HSS_" + name.upper(),
            show_envvar=True,
            metavar="VALUE",
            help=f"{field.description}. Default: {_shown(field.default)}.",
        )(decorated)
    return click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        envvar="HSS_CONFIG",
        show_envvar=True,
        help="TOML file with keys of the configuration. Default: hss.toml, where there is one.",
    )(decorated)


def read_settings(flags: dict[str, str | None], config_file: Path | None) -> Settings:
    """Join flags, environment and file; end with status 2 and each wrong key, its source and the rule."""
    values, sources = _from_file(config_file)
    for name, value in flags.items():
        if value is not None:
            values[name] = value
            sources[name] = _source(name)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise WrongConfiguration("; ".join(_faults(error, sources))) from error


def _from_file(given: Path | None) -> tuple[dict[str, Any], dict[str, str]]:
    path = given or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    if path is None:
        return {}, {}
    try:
        values = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongConfiguration(f"config file {path}: {error}") from error
    return values, dict.fromkeys(values, f"in {path}")


def _source(name: str) -> str:
    if click.get_current_context().get_parameter_source(name) is ParameterSource.ENVIRONMENT:
        return f"from HSS_{name.upper()}"
    return f"from --{name.replace('_', '-')}"


def _faults(error: ValidationError, sources: dict[str, str]) -> list[str]:
    return [
        f"{fault['loc'][0]} ({sources.get(str(fault['loc'][0]), 'default')}): "
        + SAID.get(fault["type"], fault["msg"].removeprefix("Value error, "))
        for fault in error.errors()
    ]


def _shown(default: object) -> str:
    return "none" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
