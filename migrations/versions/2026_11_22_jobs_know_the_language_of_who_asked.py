"""Jobs know the language of who asked.

Expand only: jobs of before are told of in English.
"""

import sqlalchemy as sa
from alembic import op

revision = "2d055e06cac0"
down_revision = "24b405564c27"


def upgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("locale", sa.String(length=16), server_default="", nullable=False))
