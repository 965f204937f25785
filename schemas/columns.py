"""Column types that the tables share."""

from enum import StrEnum

from sqlalchemy import JSON, Enum, Index, String, text


def words(of: type[StrEnum]) -> Enum:
    """Store the words of an enumeration as text, so that the database can be read by a person."""
    return Enum(of, native_enum=False, length=24, values_callable=lambda members: [member.value for member in members])


def index_of_some(table: str, column: str) -> Index:
    """Index a reference that few rows have, without the rows that have none: a bulk import writes less."""
    given = text(f"{column} IS NOT NULL")
    return Index(f"ix_{table}_{column}", column, sqlite_where=given, postgresql_where=given)


Listed = JSON(none_as_null=True)  # short lists that are only ever read whole
Key = String().with_variant(String(collation="C"), "postgresql")  # ordered by octets everywhere, as SQLite does
