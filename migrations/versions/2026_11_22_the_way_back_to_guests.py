"""Jobs know the way back to places where the bot is no member.

Expand only: both columns are empty for jobs that need none.
"""

import sqlalchemy as sa
from alembic import op

revision = "eb06e158a2e7"
down_revision = "3bd4e7744654"


def upgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("door_token", sa.String(), nullable=True))
        jobs.add_column(sa.Column("door_open_until", sa.DateTime(timezone=True), nullable=True))
