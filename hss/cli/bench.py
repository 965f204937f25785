"""`hss bench lir`: load any HSS and measure it."""

import json
from dataclasses import asdict
from pathlib import Path

import click


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
    from hss.app.load import Run, load_location_info  # noqa: PLC0415 - not needed for --help

    wanted = [*identities, *(file.read_text().split() if file else ())]
    if not wanted:
        raise click.UsageError("an identity is needed, or --file")
    results = []
    for window in windows or (1, 64, 256):
        run = Run(
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
            cpu = f"  CPU {figures.cpu_s * 1e6:6.1f} us" if figures.cpu_s is not None else ""
            click.echo(
                f"window {window:>5}  {figures.rate:>9,.0f}/s  p50 {figures.p50_s * 1e3:7.3f} ms"
                f"  p99 {figures.p99_s * 1e3:7.3f} ms{cpu}"
            )
    if as_json:
        click.echo(json.dumps(results, indent=2))
