"""Column types that the tables share."""

from enum import StrEnum

from sqlalchemy import JSON, Enum, String


def words(of: type[StrEnum]) -> Enum:
    """Store the words of an enumeration as text, so that the database can be read by a person."""
    return Enum(of, native_enum=False, length=24, values_callable=lambda members: [member.value for member in members])


Listed = JSON(none_as_null=True)  # short lists that are only ever read whole
Key = String().with_variant(String(collation="C"), "postgresql")  # ordered by octets everywhere, as SQLite does
