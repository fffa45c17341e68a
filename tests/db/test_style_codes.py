"""Saved styles come back as they were saved, newest first, until their makers remove them."""

from dataclasses import replace

from bot.db.database import SqlDatabase
from bot.domain.saved_style import SavedStyle
from tests.domain.factories import ANN, BOB, NOW, after

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
