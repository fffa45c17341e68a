"""Pictures have numbers that grow with time, and PostgreSQL an index of the words of their prompts.

SQLite gets its index of words after the revisions, at every start: see `bot.db.search_index`.
"""

import sqlalchemy as sa
from alembic import op

from bot.domain.search import words_of

revision = "37c601364d80"
down_revision = "e2cb0abfbe80"

NEWEST_LAST = 'ORDER BY created_at, job_id, "index" DESC'
KEPT, TRASHED = sa.text("trashed_at IS NULL"), sa.text("trashed_at IS NOT NULL")
OLD_INDEXES = "ix_images_kept", "ix_images_kept_of_user", "ix_images_user_id_trashed_at_created_at_job_id"
BATCH = 5_000

SIGNS = r"\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f"
WORDS = f"""array_to_tsvector(array_remove(regexp_split_to_array(
    regexp_replace(search_text, '([^{SIGNS}]{{64}})[^{SIGNS}]+', '\\1', 'g'), '[{SIGNS}]+'), ''))"""
"""What stands between ASCII's own signs, so that the texts of an older program are cut into words as well.

Each is shortened first: PostgreSQL takes one of any length from an array and then loses count of its letters.
"""


def upgrade() -> None:
    connection = op.get_bind()
    for name in OLD_INDEXES:
        op.drop_index(name, table_name="images")
    if connection.dialect.name == "sqlite":
        _copy_with_numbers()
        _cut_into_words(connection, "")
    else:
        _add_numbers()
        _cut_into_words(connection, r"AND search_text ~ '[^\x01-\x7f]'")
        op.execute(f"ALTER TABLE images ADD COLUMN words tsvector GENERATED ALWAYS AS ({WORDS}) STORED")
        # Without its list of what is still to be put in, through which every search would have to go.
        op.execute("CREATE INDEX ix_images_words ON images USING gin (words) WITH (fastupdate = off)")
    for name, columns, which in (
        ("ix_images_kept", ["number", "visibility", "user_id", "trashed_at"], KEPT),
        ("ix_images_kept_of_user", ["user_id", "number", "visibility", "trashed_at"], KEPT),
        ("ix_images_trashed_of_user", ["user_id", "number"], TRASHED),
    ):
        op.create_index(name, "images", columns, sqlite_where=which, postgresql_where=which)


def _copy_with_numbers() -> None:
    """SQLite changes a table's key by copying it."""
    kept = sa.Table("images", sa.MetaData(), autoload_with=op.get_bind())
    named = ", ".join(f'"{column.name}"' for column in kept.columns)
    op.create_table(
        "numbered_images",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("store_key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "visibility",
            sa.Enum("public", "private", name="known_visibility", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("terms", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_images_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_images")),
        sa.UniqueConstraint("job_id", "index", name=op.f("uq_images_job_id_index")),
    )
    op.execute(f"INSERT INTO numbered_images ({named}) SELECT {named} FROM images {NEWEST_LAST}")
    op.drop_table("images")
    op.rename_table("numbered_images", "images")


def _add_numbers() -> None:
    op.execute("CREATE SEQUENCE images_number_seq")
    op.execute("ALTER TABLE images ADD COLUMN number BIGINT")
    op.execute(
        f"""UPDATE images SET number = placed.number
        FROM (SELECT job_id, "index", row_number() OVER ({NEWEST_LAST}) AS number FROM images) AS placed
        WHERE images.job_id = placed.job_id AND images."index" = placed."index" """
    )
    op.execute("SELECT setval('images_number_seq', (SELECT coalesce(max(number), 0) + 1 FROM images), false)")
    op.execute("ALTER SEQUENCE images_number_seq OWNED BY images.number")
    op.execute("ALTER TABLE images ALTER COLUMN number SET DEFAULT nextval('images_number_seq')")
    op.alter_column("images", "number", nullable=False)
    op.drop_constraint("pk_images", "images")
    op.create_primary_key("pk_images", "images", ["number"])
    op.create_unique_constraint("uq_images_job_id_index", "images", ["job_id", "index"])


def _cut_into_words(connection: sa.Connection, which: str) -> None:
    """The words of Thai, Chinese and Japanese are cut by the program alone."""
    after = 0
    some = sa.text(f"SELECT number, prompt FROM images WHERE number > :after {which} ORDER BY number LIMIT {BATCH}")
    while rows := connection.execute(some, {"after": after}).all():
        cut = [{"number": number, "words": " ".join(words_of(prompt))} for number, prompt in rows]
        connection.execute(sa.text("UPDATE images SET search_text = :words WHERE number = :number"), cut)
        after = rows[-1].number
