"""Runs revisions on the connection that the caller opened; the caller commits. Knows no URL and no settings."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Enum

from bot.db.columns import UtcDateTime
from bot.db.models import Table
from bot.db.search_index import TABLES

SEARCH = {*TABLES, "images.words", "ix_images_words"}


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Revisions speak of plain types: they must read the same after our own classes have moved."""
    match item:
        case UtcDateTime() if kind == "type":
            return "sa.DateTime(timezone=True)"
        case Enum(create_constraint=False) if kind == "type":
            return f"sa.String(length={item.length})"
    return False


def is_in_models(item: object, name: str | None, kind: str, is_reflected: bool, _model: object) -> bool:
    """What search needs is made by statements of our own: a column and index of PostgreSQL's, a table of SQLite's."""
    return not is_reflected or (f"{item}" if kind == "column" else name) not in SEARCH


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,
    compare_type=True,
    render_item=render_item,
    include_object=is_in_models,
)
with context.begin_transaction():
    context.run_migrations()
