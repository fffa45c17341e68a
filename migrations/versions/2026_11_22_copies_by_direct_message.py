"""Copies of finished jobs that are owed by direct message."""

import sqlalchemy as sa
from alembic import op

revision = "6e7d1402b511"
down_revision = "7dfb89fb1a6f"


def upgrade() -> None:
    op.create_table(
        "direct_copies",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_direct_copies")),
    )
