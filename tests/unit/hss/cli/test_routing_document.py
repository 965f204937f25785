"""The examples of docs/routing.md do what stands there."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from hss.cli import hss

TEXT = (Path(__file__).parents[4] / "docs" / "routing.md").read_text()


def examples(*, of_service: bool) -> list[tuple[str, str]]:
    """Give each command of the console blocks and what it prints: those that change a service, or the others."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            if of_service != command.startswith("hss route"):
                found.append((command, output))
    return found


@pytest.mark.parametrize(("command", "output"), examples(of_service=False))
def test_an_example_prints_what_the_document_says(command: str, output: str) -> None:
    words = shlex.split(command)
    assert words.pop(0) == "hss"
    last = 0
    if ">" in words:
        words = words[: words.index(">")]
    if "|" in words:
        at = words.index("|")
        last = int(words[at + 2].removeprefix("-"))
        words = words[:at]
    done = CliRunner().invoke(hss, words)
    assert done.exit_code == 0, done.output
    if output.strip():
        lines = done.stdout.splitlines()[-last:]
        assert "\n".join(lines).rstrip() == output.rstrip()


def test_the_examples_in_python_hold() -> None:
    programs = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(programs) == 2
    for program in programs:
        exec(compile(program, "docs/routing.md", "exec"), {})  # noqa: S102 - the document is ours


def test_there_are_examples() -> None:
    assert len(examples(of_service=False)) >= 8
    assert len(examples(of_service=True)) >= 5
