"""A service that is measured: on the first core, while who loads it is on another one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

HSS: Final = Path(sys.executable).with_name("hss")
WINDOWS: Final = ("1", "64", "256")
LISTENERS: Final = ("diameter-tcp", "diameter-sctp", "m3ua-tcp", "m3ua-sctp", "enum", "sip")

Row = dict[str, Any]


@contextmanager
def serving(folder: Path, database: Path, listener: str, *options: str) -> Iterator[tuple[str, int, float]]:
    """Start the service with one listener; give its address, its process and how long the start took."""
    command = ["taskset", "-c", str(min(range(os.cpu_count() or 1))), str(HSS), "serve", "--database", str(database)]
    for name in LISTENERS:
        command += [f"--{name}", "127.0.0.1:0" if name == listener else "off"]
    command += ["--api", "127.0.0.1:0", "--log", "error", *options]
    began = time.perf_counter()
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    try:
        assert server.stdout is not None
        lines = iter(server.stdout.readline, "")
        address = next(line.split()[1] for line in lines if line.startswith(f"  {listener}"))
        started_s = time.perf_counter() - began
        yield address, server.pid, started_s
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def loaded(what: str, figures: Row) -> Row:
    """Write the figures of one run as a row."""
    return {
        "what": what,
        "window": figures["window"],
        "per_second": round(figures["rate"]),
        "p50_ms": round(figures["p50_s"] * 1e3, 3),
        "p99_ms": round(figures["p99_s"] * 1e3, 3),
        "cpu_us": round(figures["cpu_s"] * 1e6, 1),
    }


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    return subprocess.run(command, capture_output=True, text=True, check=False)
