"""`INSERT ... ON CONFLICT`: both databases spell it alike, but each has its own class for it."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import Table


def insert_for(session: AsyncSession, table: type[Table]) -> postgresql.Insert | sqlite.Insert:
    is_postgres = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if is_postgres else sqlite.insert(table)
