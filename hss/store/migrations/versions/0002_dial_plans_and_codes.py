"""Dial plans in full; routing numbers, carriers, services and the default route.

Revision: 0002, behind 0001.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"

KEY: Final = sa.String().with_variant(sa.String(collation="C"), "postgresql")
WORD: Final = sa.String(24)
LISTED: Final = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """Let operators that are there go on as before."""
    for name in ("carrier_selection_prefixes", "emergency_numbers", "short_codes", "phone_contexts"):
        op.add_column("operator", sa.Column(name, LISTED, nullable=True))
    for column in (
        sa.Column("home", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("routing_number_length", sa.Integer(), nullable=False, server_default="4"),
        sa.Column("strict_e164", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("default_route", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("porting", WORD, nullable=False, server_default="none"),
    ):
        op.add_column("operator", column)
    given = sa.text("default_route")
    op.create_index(
        "ix_operator_default_route",
        "operator",
        ["default_route"],
        unique=True,
        sqlite_where=given,
        postgresql_where=given,
    )
    for table in ("routing_number", "carrier"):
        op.create_table(
            table,
            sa.Column("code", KEY, nullable=False),
            sa.Column("operator_id", sa.Integer(), nullable=False),
            sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
            sa.PrimaryKeyConstraint("code"),
        )
        op.create_index(f"ix_{table}_operator_id", table, ["operator_id"], unique=False)
    op.create_table(
        "service_number",
        sa.Column("digits", KEY, nullable=False),
        sa.Column("context", KEY, nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("urn", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("digits", "context"),
    )
    op.create_index("ix_service_number_operator_id", "service_number", ["operator_id"], unique=False)
