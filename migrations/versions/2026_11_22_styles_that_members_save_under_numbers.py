"""Styles that members save under numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0eef43b7d8e3"
down_revision = "2d055e06cac0"


def upgrade() -> None:
    op.create_table(
        "saved_styles",
        sa.Column("code", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("picture_keys", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_saved_styles")),
    )
    op.create_index(op.f("ix_saved_styles_user_id"), "saved_styles", ["user_id"])
