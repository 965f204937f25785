from pathlib import Path

import pytest

from hss.store.database import address_of
from hss.store.errors import BadUrl


@pytest.mark.parametrize("text", ["{}/a.db", "sqlite:///{}/a.db", "sqlite+aiosqlite:///{}/a.db", "{}/b/../a.db"])
def test_a_file_is_named_by_path_or_url(text: str, tmp_path: Path) -> None:
    address = address_of(text.format(tmp_path))
    assert (address.dialect, address.path, address.shown) == ("sqlite", tmp_path / "a.db", str(tmp_path / "a.db"))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_postgresql_is_named_by_url_and_keeps_its_password_to_itself(scheme: str) -> None:
    address = address_of(f"{scheme}://user:secret@db.example:5433/homeward")
    assert (address.dialect, address.path) == ("postgresql", None)
    assert address.dsn == "postgresql://user:secret@db.example:5433/homeward"
    assert "secret" not in address.shown
    assert address.url.drivername == "postgresql+asyncpg"


@pytest.mark.parametrize(
    "text", ["mysql://db/homeward", "sqlite://", "sqlite:///:memory:", "://", "postgresql://a:b:c:d"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadUrl):
        address_of(text)
