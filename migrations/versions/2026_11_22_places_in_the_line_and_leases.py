"""Waiting jobs have a place in the line, and what a process works on a lease. Expand only: both have defaults."""

import sqlalchemy as sa
from alembic import op

revision = "f92e3934ad4d"
down_revision = "6b2c0e426b20"


def upgrade() -> None:
    op.create_table(
        "lines",
        sa.Column("speed", sa.String(length=16), nullable=False),
        sa.Column("clock", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("pace", sa.Double(), nullable=False),
        sa.Column("job_seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("speed", name=op.f("pk_lines")),
    )
    op.create_table(
        "shares",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("speed", sa.String(length=16), nullable=False),
        sa.Column("finish", sa.Double(), nullable=False),
        sa.Column("used_seconds", sa.Double(), nullable=False),
        sa.Column("month", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "speed", name=op.f("pk_shares")),
    )
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.add_column(sa.Column("ticket_tag", sa.Double(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("ticket_seconds", sa.Double(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("ticket_weight", sa.Double(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("owner", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_jobs_status_speed_ticket_tag_created_at_id"),
            ["status", "speed", "ticket_tag", "created_at", "id"],
        )
