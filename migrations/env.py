"""Runs revisions on the connection that the caller opened; the caller commits. Knows no URL and no settings."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Enum

from bot.db.columns import UtcDateTime
from bot.db.models import Table


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Revisions speak of plain types: they must read the same after our own classes have moved."""
    match item:
        case UtcDateTime() if kind == "type":
            return "sa.DateTime(timezone=True)"
        case Enum(create_constraint=False) if kind == "type":
            return f"sa.String(length={item.length})"
    return False


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
