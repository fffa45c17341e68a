"""SQLite's index of the words of pictures: a table of FTS5 that triggers keep.

The triggers are there exactly while the index is complete. It is looked after at every start and not in a revision,
because a SQLite without FTS5 can still be used (then search looks through the newest pictures only), and because a
revision that copies the table `images` loses its triggers.
"""

from sqlalchemy import Connection, text

INDEX = "image_search"
TABLES = INDEX, *(f"{INDEX}_{part}" for part in ("data", "idx", "config"))
PUBLIC, OF_USER, TRASH_OF_USER = "·public", "·u", "·t"
"""Who may see a picture stands among its words, so that its row need not be asked; one in the trash is
found only there. No word of a prompt has a dot."""

PREFIX = 12
"""Letters of a word that the index finds at once; more of them are compared in the rows."""

# A word is what stands between spaces and ASCII's own signs; where it stands in the text is not kept. Every beginning
# of a word is a word of its own: else those that begin alike would be put together anew by each search.
CREATE = (
    f"CREATE VIRTUAL TABLE {INDEX} USING fts5(words, content='', detail='none', columnsize=0,"
    f""" tokenize='ascii', prefix='{" ".join(map(str, range(1, PREFIX + 1)))}')"""
)
_TEXT = (
    "{row}.search_text || CASE"
    f" WHEN {{row}}.trashed_at IS NOT NULL THEN ' {TRASH_OF_USER}' || {{row}}.user_id"
    f" WHEN {{row}}.visibility = 'public' THEN ' {PUBLIC} {OF_USER}' || {{row}}.user_id"
    f" ELSE ' {OF_USER}' || {{row}}.user_id END"
)
_ADD = f"INSERT INTO {INDEX}(rowid, words) VALUES (new.number, {_TEXT.format(row='new')});"
_REMOVE = f"INSERT INTO {INDEX}({INDEX}, rowid, words) VALUES ('delete', old.number, {_TEXT.format(row='old')});"
TRIGGERS = {
    f"{INDEX}_added": f"AFTER INSERT ON images BEGIN {_ADD} END",
    f"{INDEX}_removed": f"AFTER DELETE ON images BEGIN {_REMOVE} END",
    f"{INDEX}_changed": (
        f"AFTER UPDATE OF number, search_text, user_id, visibility, trashed_at ON images BEGIN {_REMOVE} {_ADD} END"
    ),
}
MADE = {INDEX: CREATE} | {name: f"CREATE TRIGGER {name} {action}" for name, action in TRIGGERS.items()}


def tend_index(connection: Connection) -> None:
    """Make it where it is missing or another. A SQLite that has lost FTS5 stops to keep it, so that pictures can be
    added."""
    if connection.dialect.name != "sqlite":
        return
    if not has_fts5(connection):
        _drop_triggers(connection)
    elif _read_made(connection) != MADE:
        _drop_triggers(connection)
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {INDEX}")
        connection.exec_driver_sql(CREATE)
        filled = f"INSERT INTO {INDEX}(rowid, words) SELECT number, {_TEXT.format(row='images')} FROM images"
        connection.exec_driver_sql(f"{filled} ORDER BY number")
        for name in TRIGGERS:
            connection.exec_driver_sql(MADE[name])


def has_fts5(connection: Connection) -> bool:
    return bool(connection.scalar(text("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'")))


def _read_made(connection: Connection) -> dict[str, str]:
    """The statements that made what is there."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master"))
    return {name: sql for name, sql in rows if name in MADE}


def _drop_triggers(connection: Connection) -> None:
    for name in TRIGGERS:
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
