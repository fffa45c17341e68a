"""Jobs know the plan they were admitted under, pictures their terms, entitlements their reference at the source.

Expand only: the program before this revision goes on working, for what it does not know has a default. `reference` and
`as_of` stay nullable for the rows that it adds meanwhile.
"""

import sqlalchemy as sa
from alembic import op

revision = "9d71c50d8069"
down_revision = "4600dab3867f"


def upgrade() -> None:
    with op.batch_alter_table("entitlements") as batch_op:
        batch_op.add_column(sa.Column("reference", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("as_of", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("billing", sa.String(length=16), server_default="monthly", nullable=False))
        batch_op.add_column(sa.Column("is_paused", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index(batch_op.f("ix_entitlements_reference"), ["reference"], unique=True)
    op.execute("UPDATE entitlements SET reference = 'entitlement:' || id, as_of = starts_at")

    with op.batch_alter_table("images") as batch_op:
        batch_op.add_column(sa.Column("terms", sa.String(), server_default="", nullable=False))

    with op.batch_alter_table("jobs") as batch_op:
        batch_op.add_column(sa.Column("plan_name", sa.String(), server_default="", nullable=False))
