"""`python -m migrations "what changes"` writes the revision that leads from the last one to the models. Review it."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from alembic import command

from bot.db.connections import create_engine, parse_url
from bot.db.database import migrate, migration_config


async def write_revision(subject: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'scratch.db'}"
        await migrate(url)
        engine = create_engine(parse_url(url))
        async with engine.begin() as connection:
            await connection.run_sync(
                lambda sync: command.revision(migration_config(sync), message=subject, autogenerate=True)
            )
        await engine.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subject")
    asyncio.run(write_revision(parser.parse_args().subject))
