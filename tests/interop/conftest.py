"""Programs of others take part here: these tests run only when the command line names their folder."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    named = any("interop" in argument for argument in config.args)
    return None if named else collection_path.is_relative_to(Path(__file__).parent) or None
