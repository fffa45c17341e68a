"""Plans know what was paid for them, until when, and what of that went back."""

import sqlalchemy as sa
from alembic import op

revision = "11e7c04e6414"
down_revision = "37c601364d80"


def upgrade() -> None:
    with op.batch_alter_table("entitlements") as table:
        table.add_column(sa.Column("paid", sa.BigInteger(), server_default="0", nullable=False))
        table.add_column(sa.Column("refunded", sa.BigInteger(), server_default="0", nullable=False))
        table.add_column(sa.Column("paid_until", sa.DateTime(timezone=True), nullable=True))
