"""freeDiameter, the fast Diameter server in C, under the same load: what our figures are measured against.

It listens on no loopback address, so it runs in a network namespace of its own with a pair of virtual interfaces.
Needs root, gcc, and Debian's freediameterd, freediameter-extensions and libfreediameter-dev; says what is missing.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
NAMESPACE: Final = "homeward-bench"
ADDRESS: Final = "10.255.0.1"
PORT: Final = 3868
PACKAGES: Final = "freediameterd freediameter-extensions libfreediameter-dev gcc iproute2 openssl"
HSS: Final = Path(sys.executable).with_name("hss")

Row = dict[str, Any]

CONFIGURATION: Final = """
Identity = "hss.ims.test";
Realm = "ims.test";
Port = {port};
SecPort = 0;
No_SCTP;
No_IPv6;
ListenOn = "{address}";
TLS_Cred = "{folder}/cert.pem", "{folder}/key.pem";
TLS_CA = "{folder}/cert.pem";
AppServThreads = 4;
LoadExtension = "/usr/lib/freeDiameter/acl_wl.fdx" : "{folder}/acl.conf";
LoadExtension = "{folder}/lir.fdx";
"""


def missing() -> str | None:
    """Say what is missing to run it; None: nothing."""
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    for program in ("freeDiameterd", "gcc", "ip", "openssl"):
        if shutil.which(program) is None:
            return f"{program} is not installed (apt install {PACKAGES})"
    return None if Path("/usr/include/freeDiameter").exists() else f"its headers are missing (apt install {PACKAGES})"


def figures(folder: Path, requests: int) -> Iterator[Row]:
    """Load it with LIRs; each window on a new server, since it takes no request of a peer that comes back at once."""
    if (reason := missing()) is not None:
        yield {"what": "freeDiameter", "not_run": reason}
        return
    _prepare(folder)
    for window in (1, 64, 256):
        with _serving(folder) as pid:
            asked = requests // 10 if window == 1 else requests
            command = ["ip", "netns", "exec", NAMESPACE, str(HSS), "bench", "lir", "sip:+491715400000@ims.test"]
            command += ["--peer", f"{ADDRESS}:{PORT}", "--pid", str(pid), "--window", str(window), "--json"]
            command += ["--requests", str(asked), "--origin-host", "bench.ims.test", "--origin-realm", "ims.test"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                yield {"what": "freeDiameter", "window": window, "not_run": done.stderr.strip()}
            else:
                yield {"what": "freeDiameter, fixed answer", "figures": json.loads(done.stdout)[0]}


def _prepare(folder: Path) -> None:
    (folder / "fd.conf").write_text(CONFIGURATION.format(folder=folder, address=ADDRESS, port=PORT))
    (folder / "acl.conf").write_text("ALLOW_IPSEC bench.ims.test\n")
    extension = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(folder / "lir.fdx"), str(HERE / "lir.c")]
    subprocess.run(extension, check=True)
    certificate = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=hss.ims.test",
    ]
    certificate += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(certificate, capture_output=True, check=True)


@contextmanager
def _serving(folder: Path) -> Iterator[int]:
    for command in (
        f"ip netns add {NAMESPACE}",
        f"ip link add fd0 netns {NAMESPACE} type veth peer name fd1 netns {NAMESPACE}",
        f"ip netns exec {NAMESPACE} ip addr add {ADDRESS}/24 dev fd0",
        f"ip netns exec {NAMESPACE} ip link set fd0 up",
        f"ip netns exec {NAMESPACE} ip link set fd1 up",
        f"ip netns exec {NAMESPACE} ip link set lo up",
    ):
        subprocess.run(command.split(), check=True)
    command = ["ip", "netns", "exec", NAMESPACE, "taskset", "-c", "0", "freeDiameterd", "-c", str(folder / "fd.conf")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        yield server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)
