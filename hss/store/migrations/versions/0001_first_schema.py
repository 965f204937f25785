"""The first schema.

Revision: 0001, behind nothing.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

KEY: Final = sa.String().with_variant(sa.String(collation="C"), "postgresql")
WORD: Final = sa.String(24)
LISTED: Final = sa.JSON(none_as_null=True)


def _index_some(table: str, column: str) -> None:
    """Index the rows that have a value in a column."""
    given = sa.text(f"{column} IS NOT NULL")
    op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=given, postgresql_where=given)


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "diameter_peer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("origin_host", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("realm", sa.String(), nullable=True),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("addresses", LISTED, nullable=True),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("connect", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("origin_host"),
    )
    op.create_table(
        "icscf_pool",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("policy", WORD, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "sealing",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "service_profile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("criteria", LISTED, nullable=True),
        sa.Column("shared_sets", LISTED, nullable=True),
        sa.Column("subscribed_media_profile", sa.Integer(), nullable=True),
        sa.Column("service_ids", LISTED, nullable=True),
        sa.Column("unregistered_services", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "shared_filter_criteria_set",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("criteria", LISTED, nullable=True),
        sa.Column("unregistered_services", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "icscf",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pool_id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("transport", WORD, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["icscf_pool.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pool_id", "host", "port"),
    )
    op.create_index("ix_icscf_pool_id", "icscf", ["pool_id"], unique=False)
    op.create_table(
        "operator",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("home_domain", sa.String(), nullable=False),
        sa.Column("mcc", sa.String(), nullable=True),
        sa.Column("mnc", sa.String(), nullable=True),
        sa.Column("country_code", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=True),
        sa.Column("trunk_prefix", sa.String(), nullable=True),
        sa.Column("international_prefix", sa.String(), nullable=False),
        sa.Column("icscf_host", sa.String(), nullable=True),
        sa.Column("icscf_port", sa.Integer(), nullable=True),
        sa.Column("icscf_pool_id", sa.Integer(), nullable=True),
        sa.Column("mandatory_capabilities", LISTED, nullable=True),
        sa.Column("optional_capabilities", LISTED, nullable=True),
        sa.Column("capability_names", LISTED, nullable=True),
        sa.Column("hlr_number", sa.String(), nullable=True),
        sa.Column("answers_routing_info", sa.Boolean(), nullable=False),
        sa.Column("icscf_answer", WORD, nullable=False),
        sa.Column("extension_oid", sa.String(), nullable=False),
        sa.Column("imrn_prefix", sa.String(), nullable=True),
        sa.Column("msrn_prefix", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["icscf_pool_id"], ["icscf_pool.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index("ix_operator_home_domain", "operator", ["home_domain"], unique=False)
    op.create_index("ix_operator_icscf_pool_id", "operator", ["icscf_pool_id"], unique=False)
    op.create_table(
        "entry_node",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("operator_id", "name"),
    )
    op.create_index("ix_entry_node_operator_id", "entry_node", ["operator_id"], unique=False)
    op.create_table(
        "number_block",
        sa.Column("stem", KEY, nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=False),
        sa.Column("maximum", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("stem"),
    )
    op.create_index("ix_number_block_operator_id", "number_block", ["operator_id"], unique=False)
    op.create_table(
        "number_prefix",
        sa.Column("digits", KEY, nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("digits"),
    )
    op.create_index("ix_number_prefix_operator_id", "number_prefix", ["operator_id"], unique=False)
    op.create_table(
        "ported_number",
        sa.Column("digits", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=True),
        sa.Column("routing_number", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("digits"),
    )
    op.create_index("ix_ported_number_operator_id", "ported_number", ["operator_id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("scscf_name", sa.String(), nullable=True),
        sa.Column("scscf_host", sa.String(), nullable=True),
        sa.Column("scscf_realm", sa.String(), nullable=True),
        sa.Column("reassignment_pending", sa.Boolean(), nullable=False),
        sa.Column("preferred_scscfs", LISTED, nullable=True),
        sa.Column("mandatory_capabilities", LISTED, nullable=True),
        sa.Column("optional_capabilities", LISTED, nullable=True),
        sa.Column("capability_names", LISTED, nullable=True),
        sa.Column("primary_collection", sa.String(), nullable=True),
        sa.Column("secondary_collection", sa.String(), nullable=True),
        sa.Column("primary_event", sa.String(), nullable=True),
        sa.Column("secondary_event", sa.String(), nullable=True),
        sa.Column("access_charging_class", sa.String(), nullable=True),
        sa.Column("devices", sa.Integer(), nullable=True),
        sa.Column("forking", WORD, nullable=False),
        sa.Column("ring_time_s", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index("ix_subscription_operator_id", "subscription", ["operator_id"], unique=False)
    op.create_table(
        "circuit_switched",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("imsi", KEY, nullable=True),
        sa.Column("vlr_number", sa.String(), nullable=True),
        sa.Column("msc_number", sa.String(), nullable=True),
        sa.Column("voicebox", sa.String(), nullable=True),
        sa.Column("icscf_host", sa.String(), nullable=True),
        sa.Column("icscf_port", sa.Integer(), nullable=True),
        sa.Column("icscf_pool_id", sa.Integer(), nullable=True),
        sa.Column("preference", WORD, nullable=False),
        sa.Column("forwardings", LISTED, nullable=True),
        sa.Column("barring", WORD, nullable=False),
        sa.ForeignKeyConstraint(["icscf_pool_id"], ["icscf_pool.id"]),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("imsi"),
        sa.UniqueConstraint("subscription_id"),
    )
    _index_some("circuit_switched", "icscf_pool_id")
    op.create_table(
        "private_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("nai", KEY, nullable=False),
        sa.Column("imsi", KEY, nullable=True),
        sa.Column("scheme", WORD, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("secret_names", LISTED, nullable=True),
        sa.Column("amf", sa.String(), nullable=False),
        sa.Column("sqn", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("imsi"),
        sa.UniqueConstraint("nai"),
    )
    op.create_index("ix_private_identity_subscription_id", "private_identity", ["subscription_id"], unique=False)
    op.create_table(
        "registration_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_registration_set_subscription_id", "registration_set", ["subscription_id"], unique=False)
    op.create_table(
        "msisdn",
        sa.Column("digits", KEY, nullable=False),
        sa.Column("circuit_switched_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["circuit_switched_id"], ["circuit_switched.id"]),
        sa.PrimaryKeyConstraint("digits"),
    )
    op.create_index("ix_msisdn_circuit_switched_id", "msisdn", ["circuit_switched_id"], unique=False)
    op.create_table(
        "public_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.Column("uri", KEY, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("wildcard_prefix", KEY, nullable=True),
        sa.Column("barred", sa.Boolean(), nullable=False),
        sa.Column("may_register", sa.Boolean(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=True),
        sa.Column("service_profile_id", sa.Integer(), nullable=True),
        sa.Column("psi_active", sa.Boolean(), nullable=False),
        sa.Column("application_server", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["service_profile_id"], ["service_profile.id"]),
        sa.ForeignKeyConstraint(["set_id"], ["registration_set.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uri"),
    )
    _index_some("public_identity", "service_profile_id")
    op.create_index("ix_public_identity_set_id", "public_identity", ["set_id"], unique=False)
    _index_some("public_identity", "wildcard_prefix")
    op.create_table(
        "registration",
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.Column("private_id", sa.Integer(), nullable=False),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("authentication_pending", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["private_id"], ["private_identity.id"]),
        sa.ForeignKeyConstraint(["set_id"], ["registration_set.id"]),
        sa.PrimaryKeyConstraint("set_id", "private_id"),
    )
    op.create_index("ix_registration_private_id", "registration", ["private_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.Integer(), nullable=False),
        sa.Column("uri", KEY, nullable=False),
        sa.Column("path", LISTED, nullable=True),
        sa.Column("q", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("instance", sa.String(), nullable=True),
        sa.Column("device", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["public_id"], ["public_identity.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id", "uri"),
    )
    op.create_index("ix_contact_public_id", "contact", ["public_id"], unique=False)
