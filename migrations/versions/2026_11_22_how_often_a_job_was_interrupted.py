"""Jobs remember how often the engine or the program died while they were drawn."""

import sqlalchemy as sa
from alembic import op

revision = "0d613a4ed751"
down_revision = "8dad8448a945"


def upgrade() -> None:
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.add_column(sa.Column("interruptions", sa.Integer(), server_default="0", nullable=False))
