"""What operators did, whom they block, and how they hold the queue."""

import sqlalchemy as sa
from alembic import op

revision = "24b405564c27"
down_revision = "8b498c86456f"


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_blocks")),
    )
    op.create_table(
        "operator_acts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_name", sa.String(), nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("details", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_acts")),
    )
    op.create_index(op.f("ix_operator_acts_member_id"), "operator_acts", ["member_id"])

    op.create_table(
        "switches",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switches")),
    )
    _keep_for_ever()


def _keep_for_ever() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION keep_acts() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'what operators did is only ever added to'; END $$"
        )
        op.execute(
            "CREATE TRIGGER keep_operator_acts BEFORE UPDATE OR DELETE ON operator_acts "
            "FOR EACH ROW EXECUTE FUNCTION keep_acts()"
        )
        return
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER keep_operator_acts_from_{deed.lower()} BEFORE {deed} ON operator_acts "
            "BEGIN SELECT RAISE(ABORT, 'what operators did is only ever added to'); END"
        )
