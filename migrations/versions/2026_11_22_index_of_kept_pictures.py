"""The newest of the kept pictures are found in their order, on PostgreSQL as well."""

import sqlalchemy as sa
from alembic import op

revision = "8b498c86456f"
down_revision = "eb06e158a2e7"

KEPT = sa.text("trashed_at IS NULL")


def upgrade() -> None:
    for name, columns in (
        ("ix_images_kept", ["created_at", "job_id"]),
        ("ix_images_kept_of_user", ["user_id", "created_at", "job_id"]),
    ):
        op.create_index(name, "images", columns, sqlite_where=KEPT, postgresql_where=KEPT)
    op.drop_index(op.f("ix_images_trashed_at_created_at_job_id"), table_name="images")
