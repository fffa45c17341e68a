"""What words find, looked for one by one among the newest and by each database's index, which have to agree."""

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from bot.db import gallery, search_index
from bot.db.connections import create_engine, parse_url
from bot.db.database import SqlDatabase, migrate, open_database
from bot.db.models import ImageRow
from bot.domain.gallery import GalleryQuery, Page, Picture, Visibility
from bot.domain.search import wanted_words, words_of
from tests.db.test_gallery import keep
from tests.domain.factories import ANN, BOB, CID, NOW, a_job, a_picture, after

WAYS = "walk", "index"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the index is asked, nothing was looked at before."""
    if request.param == "index":
        monkeypatch.setattr(gallery, "WALKED", 0)
    return str(request.param)


async def search(database: SqlDatabase, query: GalleryQuery) -> list[Picture]:
    async with database.reading() as tx:
        page = await tx.gallery.browse(query, 0, 24)
    assert page.total == len(page.pictures)
    assert page.is_whole
    return list(page.pictures)


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ("FOX", True),
        ("fo", True),
        ("ox", False),
        ("moon fox", True),
        ("fox sun", False),
        ("foxes", False),
        ("übergroß", True),
        ("ÜBERGROSS", True),
        ("ЛУНА", True),
        ("50%", True),
        ("and-or", True),
        ("%", False),
        ("_", False),
        ("f_ox", False),
        ("-- \"*' () :* &|! NEAR", False),
        ("'; drop table jobs; --", False),
        ("fo* -y", False),
        ('"fox" AND (moon OR', True),
        ("words : fox", False),
        ("_public", False),
        ("·public", False),
        ("🦊 狐", True),
        ("f\x00ox", True),
        ("\ud800fox", True),
        ("fox " * 500, True),
        ("x" * 3_000, True),
        ("photorealistic", True),
        ("photorealism", False),
    ],
)
async def test_every_word_begins_one_of_the_prompt(database: SqlDatabase, way: str, wanted: str, matches: bool) -> None:
    picture = await keep(
        database, prompt=f"A Fox and/or the MOON луна, 50% Übergroß 🦊雪の狐 photorealistic {'x' * 5_000}"
    )
    assert await search(database, GalleryQuery(ANN, text=wanted)) == ([picture] if matches else [])


async def test_who_may_see_a_picture_finds_it(database: SqlDatabase, way: str) -> None:
    bobs = await keep(database, user_id=BOB)
    private = await keep(database, visibility=Visibility.PRIVATE)
    trashed = await keep(database, trashed_at=NOW)
    public = await keep(database)
    for query, seen in (
        (GalleryQuery(ANN, None, "fox"), [public, private, bobs]),
        (GalleryQuery(CID, None, "fox"), [public, bobs]),
        (GalleryQuery(ANN, ANN, "fox"), [public, private]),
        (GalleryQuery(BOB, ANN, "fox"), [public]),
        (GalleryQuery(ANN, BOB, "fox"), [bobs]),
        (GalleryQuery(ANN, ANN, "fox", trashed=True), [trashed]),
        (GalleryQuery(CID, CID, "fox"), []),
    ):
        assert await search(database, query) == seen, query


async def test_the_index_follows_every_change(database: SqlDatabase, database_url: str, way: str) -> None:
    fox, owl = await keep(database), await keep(database, prompt="an owl")
    other = await keep(database, user_id=BOB, prompt="a fox by night")
    is_fox = ImageRow.job_id == fox.job_id
    engine = create_engine(parse_url(database_url))
    async with engine.begin() as raw:
        await raw.execute(update(ImageRow).where(is_fox).values(search_text="a castle"))
        await raw.execute(update(ImageRow).where(ImageRow.job_id == other.job_id).values(visibility="private"))
    assert await search(database, GalleryQuery(ANN, None, "fox")) == []
    assert [found.ref for found in await search(database, GalleryQuery(ANN, None, "cast"))] == [fox.ref]
    async with database.transaction() as tx:
        await tx.gallery.set_trashed(fox.job_id, NOW)
    assert await search(database, GalleryQuery(ANN, None, "cast")) == []
    assert [found.ref for found in await search(database, GalleryQuery(ANN, ANN, "cast", trashed=True))] == [fox.ref]
    async with database.transaction() as tx:
        await tx.gallery.set_trashed(fox.job_id, None)
    assert [found.ref for found in await search(database, GalleryQuery(ANN, None, "cast"))] == [fox.ref]
    async with engine.begin() as raw:
        await raw.execute(delete(ImageRow).where(is_fox))
    await engine.dispose()
    assert await search(database, GalleryQuery(ANN, None, "a")) == [owl]
    assert await search(database, GalleryQuery(BOB, None, "fox night")) == [
        replace(other, visibility=Visibility.PRIVATE)
    ]


async def test_pages_of_what_was_found_are_newest_first(database: SqlDatabase, way: str) -> None:
    """Also those that stand farther back than what is looked at one by one."""
    foxes = [await keep(database, prompt=f"a fox {number}", created_at=after(number)) for number in range(5)]
    for number in range(5, 9):
        await keep(database, prompt="an owl", created_at=after(number))
    newest = foxes[::-1]
    async with database.reading() as tx:
        pages = [await tx.gallery.browse(GalleryQuery(BOB, None, "fox"), number, 2) for number in (0, 1, 2, 3, 99, -1)]
        nothing = await tx.gallery.browse(GalleryQuery(BOB, None, "sun"), 3, 2)
    assert [page.number for page in pages] == [0, 1, 2, 2, 2, 0]
    assert [list(page.pictures) for page in pages[:3]] == [newest[:2], newest[2:4], newest[4:]]
    assert all(page.has_next for page in pages[:2])
    assert not any(page.has_next for page in pages[2:5])
    assert (nothing.number, nothing.total, nothing.pictures) == (0, 0, ())


async def test_the_oldest_picture_of_all_is_found(database: SqlDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which the newest few that are looked at one by one do not hold."""
    monkeypatch.setattr(gallery, "WALKED", 1)
    old = await keep(database, prompt="a rare orchid")
    async with database.transaction() as tx:
        job = a_job()
        await tx.jobs.add(job)
        await tx.gallery.add([a_picture(job.id, index) for index in range(60)])
    assert await search(database, GalleryQuery(ANN, None, "orch")) == [old]


PROMPTS = (
    "a fox in the snow, oil painting --ar 3:2",
    "A FOXGLOVE by the sea; golden hour",
    "castle (medieval) on a hill::2 moon::-1",
    "雪地里的狐狸在看月亮",
    "キツネとお城 🦊🏰",
    "ฟ้าหลังฝน",
    "лиса и луна",
    "don't look_up 50% off!!",
    "हिन्दी किताब ❤️",
)
SOUP = st.lists(
    st.sampled_from(
        ["fox", "foxg", "cast", "狐狸", "狐", "🦊", "лу", "ฝน", '"', "'", "*", "-", "AND", "OR", "NOT", "NEAR("]
    )
    | st.sampled_from(
        [":*", "&", "|", "!", "<->", "^", "words:", "%", "_", "\\", "\x00", "--", ";", "(", ")", "{", "+"]
    )
    | st.text(max_size=4),
    max_size=6,
).flatmap(lambda parts: st.sampled_from(["".join(parts), " ".join(parts)]))


def expected(pictures: Sequence[Picture], wanted: str) -> list[Picture]:
    words = wanted_words(wanted)
    return [
        picture
        for picture in reversed(pictures)
        if words and all(any(has.startswith(word) for has in words_of(picture.prompt)) for word in words)
    ]


async def test_whatever_is_typed_finds_what_it_should_and_is_no_mistake(database: SqlDatabase, way: str) -> None:
    kept = [await keep(database, prompt=prompt, created_at=after(place)) for place, prompt in enumerate(PROMPTS)]
    examples: list[str] = []

    @settings(max_examples=150, database=None)
    @given(SOUP.filter(str.strip))
    def collect(wanted: str) -> None:
        examples.append(wanted)

    collect()
    for wanted in examples:
        assert await search(database, GalleryQuery(ANN, None, wanted)) == expected(kept, wanted), repr(wanted)


async def test_a_sqlite_without_fts5_looks_through_the_newest_and_claims_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may lose FTS5, which its triggers needed, and get it back, with what was added meanwhile."""
    monkeypatch.setattr(gallery, "WALKED", 0)
    monkeypatch.setattr(gallery, "SEARCHED", 3)
    await migrate(url := f"sqlite:///{tmp_path}/easel.db")
    async with open_database(url) as database:
        old = await keep(database, prompt="a fox, old")
        with monkeypatch.context() as lost:
            lost.setattr(search_index, "has_fts5", lambda _connection: False)
            await migrate(url)
            new = await keep(database, prompt="a fox, new")
            for _ in range(2):
                await keep(database, prompt="an owl")
            assert await first_page(database, "fox") == Page((new,), 0, 2, 1, is_whole=False)
        await migrate(url)
        assert await first_page(database, "fox") == Page((new, old), 0, 2, 2)


async def first_page(database: SqlDatabase, wanted: str) -> Page:
    async with database.reading() as tx:
        return await tx.gallery.browse(GalleryQuery(ANN, None, wanted), 0, 2)


async def test_an_index_that_was_made_otherwise_is_made_anew_and_one_that_is_right_is_not(tmp_path: Path) -> None:
    """As a later version may, or a revision that copied the table and lost its triggers."""
    await migrate(url := f"sqlite:///{tmp_path}/easel.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "easel.db")) as raw:
        first = made(raw)
        raw.execute("DROP TRIGGER image_search_added")
        raw.execute("CREATE TRIGGER image_search_added AFTER INSERT ON images BEGIN SELECT 1; END")
    async with open_database(url) as database:
        await keep(database)
    await migrate(url)
    with contextlib.closing(sqlite3.connect(tmp_path / "easel.db")) as raw:
        assert made(raw) == first
        assert raw.execute("SELECT rowid FROM image_search WHERE image_search MATCH 'fox'").fetchall() == [(1,)]
        version = raw.execute("PRAGMA schema_version").fetchone()
        await migrate(url)
        assert raw.execute("PRAGMA schema_version").fetchone() == version


def made(raw: sqlite3.Connection) -> list[tuple[str, str]]:
    return raw.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE 'image_search%' ORDER BY name").fetchall()
