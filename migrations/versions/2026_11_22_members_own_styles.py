"""Members' own styles by their codes."""

import sqlalchemy as sa
from alembic import op

revision = "3bd4e7744654"
down_revision = "f92e3934ad4d"


def upgrade() -> None:
    op.create_table(
        "styles",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_styles")),
    )
    op.create_index(op.f("ix_styles_user_id"), "styles", ["user_id"])
