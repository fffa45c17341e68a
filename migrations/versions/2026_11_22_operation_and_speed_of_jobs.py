"""Jobs know what they do to a picture, how fast they go and who may see them."""

import sqlalchemy as sa
from alembic import op

revision = "4600dab3867f"
down_revision = "038622a4484f"


def upgrade() -> None:
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.add_column(sa.Column("operation", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("speed", sa.String(length=16), server_default="fast", nullable=False))
        batch_op.add_column(sa.Column("is_stealth", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("is_remix", sa.Boolean(), server_default=sa.false(), nullable=False))
