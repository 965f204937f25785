from pathlib import Path

import pytest

from hss.store.errors import StoreLocked, StoreUnavailable
from hss.store.lock import FileLock


def test_a_lock_is_taken_once_and_given_back(tmp_path: Path) -> None:
    first = FileLock.take(tmp_path / "a.db")
    with pytest.raises(StoreLocked):
        FileLock.take(tmp_path / "a.db")
    other = FileLock.take(tmp_path / "b.db")
    first.give_back()
    FileLock.take(tmp_path / "a.db").give_back()
    other.give_back()


def test_what_stands_in_the_lock_file_matters_to_nobody(tmp_path: Path) -> None:
    (tmp_path / "a.db.lock").write_text("no number, and long" * 10)
    FileLock.take(tmp_path / "a.db").give_back()


def test_an_owner_without_a_name_is_another_process(tmp_path: Path) -> None:
    held = FileLock.take(tmp_path / "a.db")
    (tmp_path / "a.db.lock").write_text("?")
    with pytest.raises(StoreLocked) as refusal:
        FileLock.take(tmp_path / "a.db")
    assert refusal.value.pid is None
    held.give_back()


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"missing/a\.db\.lock"):
        FileLock.take(tmp_path / "missing" / "a.db")
