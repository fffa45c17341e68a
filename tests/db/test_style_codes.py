"""Saved styles come back as they were saved, newest first, until their makers remove them."""

from dataclasses import replace

from sqlalchemy import event

from bot.db.database import SqlDatabase
from bot.domain.prompt.parameters import PromptPart, StyleReference
from bot.domain.saved_style import SavedStyle
from bot.usecases.style_codes import with_codes
from tests.domain.factories import ANN, BOB, NOW, a_job, after

FOG = SavedStyle(4_294_967_295, ANN, "misty, öl", ("inputs/a.png", "inputs/b.png"), NOW)


async def test_styles_are_saved_shared_and_removed(database: SqlDatabase) -> None:
    later = replace(FOG, code=7, words="", created_at=after(5))
    async with database.transaction() as tx:
        for style in (FOG, later, replace(FOG, code=8, user_id=BOB, is_shared=True)):
            await tx.style_codes.add(style)
    async with database.transaction() as tx:
        assert await tx.style_codes.find(FOG.code) == FOG
        assert await tx.style_codes.find(9) is None
        assert await tx.style_codes.list_of_member(ANN) == [later, FOG]
        await tx.style_codes.share(FOG.code)
        await tx.style_codes.remove(7)
    async with database.reading() as tx:
        assert await tx.style_codes.list_of_member(ANN) == [replace(FOG, is_shared=True)]
        assert len(await tx.style_codes.list_of_member(BOB)) == 1


async def test_all_numbers_of_a_command_are_one_question(database: SqlDatabase) -> None:
    """However many a member types: everybody else waits for the answer."""
    async with database.transaction() as tx:
        await tx.style_codes.add(SavedStyle(7, ANN, "in oil", (), NOW))
        references = tuple(StyleReference(str(number)) for number in range(900))
        jobs = [a_job(params=replace(a_job().params, style_references=references)) for _ in range(3)]
        asked = listen_to(database)
        told = await with_codes(jobs, tx)
    assert len(asked) == 1
    assert {job.params.style_words for job in told} == {(PromptPart("in oil"),)}
    assert {len(job.params.style_references) for job in told} == {899}


def listen_to(database: SqlDatabase) -> list[str]:
    """The statements from now on."""
    asked: list[str] = []
    event.listen(
        database._writer.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, _values, _context, _many: asked.append(statement),
    )
    return asked
