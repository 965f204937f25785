"""tshark as an independent reader of our octets."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LUA = Path(__file__).parents[2] / "examples" / "wireshark" / "homeward_icscf.lua"
HARMLESS = ("Dissector for OID not implemented", "Dissector is not implemented")


@dataclass(frozen=True)
class Seen:
    """One packet as tshark sees it: all its fields, and what it complains about."""

    fields: dict[str, list[str]]
    complaints: list[str]


def tool(name: str) -> str:
    """Find a program of Wireshark, or say clearly what to install."""
    found = shutil.which(name)
    assert found, f"{name} is missing: install the package tshark (Debian: apt-get install tshark wireshark-common)"
    return found


def read(frames: Sequence[bytes], folder: Path, *, lua: bool = True) -> list[Seen]:
    """Let tshark read M3UA messages, wrapped in SCTP by text2pcap."""
    text, capture = folder / "frames.txt", folder / "frames.pcap"
    text.write_text("".join(f"000000 {frame.hex(' ')}\n\n" for frame in frames))
    subprocess.run(
        [tool("text2pcap"), "-q", "-S", "2905,2905,3", str(text), str(capture)], check=True, capture_output=True
    )
    return captured(capture, lua=lua)


def captured(capture: Path, *, lua: bool = True, port: int = 2905) -> list[Seen]:
    """Let tshark read a capture; `port` is one of M3UA."""
    script = ["-X", f"lua_script:{LUA}"] if lua else []
    ports = ["-d", f"sctp.port=={port},m3ua"]
    done = subprocess.run(
        [tool("tshark"), *script, *ports, "-r", str(capture), "-T", "json", "--no-duplicate-keys"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [_seen(packet["_source"]["layers"]) for packet in json.loads(done.stdout)]


def _seen(layers: dict[str, Any]) -> Seen:
    fields: dict[str, list[str]] = {}
    _gather(layers, fields)
    said = fields.get("_ws.expert.message", []) + [name for name in fields if name.startswith("_ws.malformed")]
    return Seen(fields, [each for each in said if not any(word in each for word in HARMLESS)])


def _gather(node: Any, fields: dict[str, list[str]]) -> None:
    if isinstance(node, dict):
        for name, value in node.items():
            if isinstance(value, str):
                fields.setdefault(name, []).append(value)
            else:
                if name.startswith("_ws.malformed"):
                    fields.setdefault(name, []).append("")
                _gather(value, fields)
    elif isinstance(node, list):
        for each in node:
            if isinstance(each, str):
                continue
            _gather(each, fields)
