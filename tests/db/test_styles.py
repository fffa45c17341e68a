"""Styles are kept under their codes as they first were, and made of the newest likes and jobs."""

from bot.db.database import SqlDatabase
from bot.domain.job import JobStatus
from bot.domain.prompt.parameters import GenerationParams, PromptPart
from bot.domain.taste import Style
from tests.domain.factories import ANN, BOB, NOW, a_job, after

FOG = Style("pabcdefg", ANN, (PromptPart("öl", 0.5), PromptPart("fog", 0.25)), NOW)


async def test_a_code_keeps_its_words(database: SqlDatabase) -> None:
    later = Style("phijklmn", ANN, (PromptPart("rain", 0.5),), after(9))
    async with database.transaction() as tx:
        await tx.styles.keep(FOG)
        await tx.styles.keep(Style(FOG.code, BOB, (), after(1)))
        await tx.styles.keep(later)
    async with database.reading() as tx:
        assert await tx.styles.find_all([FOG.code, "unknown"]) == {FOG.code: FOG}
        assert await tx.styles.list_of_member(ANN, 9) == [later, FOG]
        assert await tx.styles.list_of_member(ANN, 1) == [later]
        assert await tx.styles.list_of_member(BOB, 9) == []


async def test_likes_and_jobs_come_newest_first(database: SqlDatabase) -> None:
    jobs = [
        a_job(
            params=GenerationParams(f"fox {n}", seed=n, personal=FOG.words),
            status=JobStatus.SUCCEEDED if n < 3 else JobStatus.FAILED,
            created_at=after(n),
        )
        for n in range(4)
    ]
    async with database.transaction() as tx:
        await tx.users.lock(BOB, "Bob", NOW)
        for job in jobs:
            await tx.jobs.add(job)
        await tx.likes.add(BOB, jobs[2].id, after(5))
        await tx.likes.add(BOB, jobs[0].id, after(6))
    async with database.reading() as tx:
        assert await tx.styles.list_liked(BOB, 9) == [jobs[0].params, jobs[2].params]
        assert await tx.styles.list_liked(BOB, 1) == [jobs[0].params]
        assert await tx.styles.list_drawn(ANN, 2) == [jobs[2].params, jobs[1].params]
        assert await tx.styles.list_liked(ANN, 9) == []
