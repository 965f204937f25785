"""`hss bench lir` and `hss bench sri`: load any HSS and measure it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hss.app.load import Figures


@click.group()
def bench() -> None:
    """Load an HSS and measure it."""


@bench.command()
@click.argument("identities", nargs=-1)
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Identities, one in a line.")
@click.option("--peer", default="127.0.0.1:3868", show_default=True, help="HSS to load: HOST:PORT (TCP).")
@click.option("--window", "windows", type=click.IntRange(1, 100_000), multiple=True, help="Requests under way at once.")
@click.option("--requests", type=click.IntRange(1), default=100_000, show_default=True, help="Requests of each window.")
@click.option("--origin-host", default="bench.ims.example", show_default=True, help="Who asks.")
@click.option("--origin-realm", default="ims.example", show_default=True, help="Realm of who asks.")
@click.option("--destination-realm", help="Realm of the HSS. Default: --origin-realm.")
@click.option("--pid", type=int, help="Process of the server, on this machine, to measure its CPU.")
@click.option("--timeout", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Seconds of silence.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lir(
    *,
    identities: tuple[str, ...],
    file: Path | None,
    peer: str,
    windows: tuple[int, ...],
    requests: int,
    origin_host: str,
    origin_realm: str,
    destination_realm: str | None,
    pid: int | None,
    timeout: float,
    as_json: bool,
) -> None:
    """Send Diameter Cx LIRs for IDENTITIES in turn over one connection, and print rate, latency and CPU.

    Put {} into an identity to have the number of the request there, so that no two are the same.
    """
    from hss.app.load_cx import CxRun, load_location_info  # noqa: PLC0415 - not needed for --help

    wanted = _wanted(identities, file, "an identity")
    results = []
    for window in windows or (1, 64, 256):
        run = CxRun(
            peer=peer,
            origin_host=origin_host,
            origin_realm=origin_realm,
            destination_realm=destination_realm or origin_realm,
            requests=requests,
            window=window,
            timeout_s=timeout,
            pid=pid,
        )
        figures = load_location_info(run, lambda number: wanted[number % len(wanted)].replace("{}", str(number)))
        results.append(asdict(figures))
        if not as_json:
            click.echo(_line(figures))
    if as_json:
        click.echo(json.dumps(results, indent=2))


@bench.command()
@click.argument("numbers", nargs=-1)
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Numbers, one in a line.")
@click.option("--peer", default="127.0.0.1:2905", show_default=True, help="HLR to load: HOST:PORT (TCP).")
@click.option("--version", type=click.IntRange(1, 3), default=3, show_default=True, help="MAP version.")
@click.option("--window", "windows", type=click.IntRange(1, 100_000), multiple=True, help="Requests under way at once.")
@click.option("--requests", type=click.IntRange(1), default=100_000, show_default=True, help="Requests of each window.")
@click.option("--hlr-number", default="+491710000000", show_default=True, help="Global title to address.")
@click.option("--gmsc-number", default="+491720000001", show_default=True, help="Global title of who asks.")
@click.option("--point-code", default="1", show_default=True, help="Point code of who asks: 0-0-1 or 1.")
@click.option("--hlr-point-code", default="2", show_default=True, help="Point code of the HLR.")
@click.option("--routing-context", type=click.IntRange(0, 0xFFFFFFFF), help="M3UA routing context. Default: none.")
@click.option("--pid", type=int, help="Process of the server, on this machine, to measure its CPU.")
@click.option("--timeout", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Seconds of silence.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sri(
    *,
    numbers: tuple[str, ...],
    file: Path | None,
    windows: tuple[int, ...],
    as_json: bool,
    **given: Any,  # noqa: ANN401 - whatever the options are
) -> None:
    """Send MAP sendRoutingInfo for NUMBERS in turn over one M3UA association, and print rate, latency and CPU."""
    from hss.app.load_map import MapRun, load_routing_info  # noqa: PLC0415 - not needed for --help
    from schemas.addresses import PointCode  # noqa: PLC0415
    from schemas.identities import Msisdn  # noqa: PLC0415

    timeout = given.pop("timeout")
    try:
        wanted = [Msisdn.parse(text).digits for text in _wanted(numbers, file, "a number")]
        for name in ("hlr_number", "gmsc_number"):
            given[name] = Msisdn.parse(given[name]).digits
        for name in ("point_code", "hlr_point_code"):
            given[name] = PointCode.parse(given[name]).number
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    results = []
    for window in windows or (1, 64, 256):
        found = load_routing_info(
            MapRun(**given, window=window, timeout_s=timeout), lambda at: wanted[at % len(wanted)]
        )
        results.append(asdict(found.figures) | found.outcomes)
        if not as_json:
            counted = ", ".join(f"{count:,} {name}" for name, count in found.outcomes.items() if count)
            click.echo(f"{_line(found.figures)}  {counted}")
    if as_json:
        click.echo(json.dumps(results, indent=2))


def _wanted(given: tuple[str, ...], file: Path | None, what: str) -> list[str]:
    wanted = [*given, *(file.read_text().split() if file else ())]
    if not wanted:
        raise click.UsageError(f"{what} is needed, or --file")
    return wanted


def _line(figures: "Figures") -> str:
    cpu = f"  CPU {figures.cpu_s * 1e6:6.1f} us" if figures.cpu_s is not None else ""
    return (
        f"window {figures.window:>5}  {figures.rate:>9,.0f}/s  p50 {figures.p50_s * 1e3:7.3f} ms"
        f"  p99 {figures.p99_s * 1e3:7.3f} ms{cpu}"
    )
