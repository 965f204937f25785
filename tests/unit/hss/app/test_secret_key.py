"""The key for secrets is drawn once, private to its owner, and refused when it is no key."""

import stat

import pytest

from hss.app.secret_key import KeyUnusable, read_key


def test_a_missing_key_is_drawn_once_and_is_private(tmp_path) -> None:
    path = tmp_path / "new" / "homeward.key"
    first = read_key(path)
    assert len(first) == 32
    assert read_key(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "00" * 33, "ä" * 64])
def test_a_file_that_is_no_key_is_named(tmp_path, text) -> None:
    path = tmp_path / "wrong.key"
    path.write_text(text)
    with pytest.raises(KeyUnusable, match=r"wrong\.key"):
        read_key(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyUnusable, match="below"):
        read_key(tmp_path / "file" / "below" / "key")
