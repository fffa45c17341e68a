"""Prompts for several jobs that wait for their member's yes."""

import sqlalchemy as sa
from alembic import op

revision = "7fe1a19edeaa"
down_revision = "0d613a4ed751"


def upgrade() -> None:
    op.create_table(
        "pending_batches",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_batches")),
    )
    op.create_index(op.f("ix_pending_batches_user_id"), "pending_batches", ["user_id"])
