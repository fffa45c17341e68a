"""The same studio on PostgreSQL: a grid, a press, the gallery, a restart in between; what ends it and what does not."""

from pathlib import Path

from bot.domain.job import DeliveryStatus, JobStatus
from bot.sandbox import Sandbox
from tests.e2e.studio import a_config, draw, gallery_footer, has_button, running_scene
from tests.fakes import FakeEngine
from tests.outage import Pauses, server_away


async def test_a_member_draws_presses_and_browses_on_postgresql(
    sandbox: Sandbox, tmp_path: Path, fresh_postgres_url: str
) -> None:
    config = a_config(sandbox, tmp_path, database={"url": fresh_postgres_url})
    async with running_scene(sandbox, FakeEngine(), config) as scene:
        ada = await scene.member()
        grid = await draw(ada, "a lighthouse at dusk")
        await scene.restart()
        sent = await ada.press(grid, "U3")
        single = await ada.wait_for_message(lambda message: has_button(message, "Vary (Subtle)"), since=sent)
        assert "Image #3" in single["content"]
        assert "5 pictures" in await gallery_footer(ada)


async def test_every_part_that_should_never_end_is_watched(
    sandbox: Sandbox, tmp_path: Path, fresh_postgres_url: str
) -> None:
    """Whichever ends, the studio is closed, and whoever supervises it starts it again."""
    config = a_config(sandbox, tmp_path, database={"url": fresh_postgres_url})
    async with running_scene(sandbox, FakeEngine(), config) as scene:
        always = ["gateway", "dispatcher", "courier", "herald", "leases", "engine", "listening", "telling"]
        assert {part.get_name() for part in scene.parts} == {*always, "news of the line"}


async def test_a_server_that_restarts_interrupts_nothing(
    sandbox: Sandbox, tmp_path: Path, fresh_postgres_url: str
) -> None:
    """One picture is being posted then, another is being drawn. Both are shown once, and the studio stays open."""
    config, pauses = a_config(sandbox, tmp_path, database={"url": fresh_postgres_url}), Pauses()
    async with running_scene(sandbox, FakeEngine(), config, pauses) as scene:
        ada, ben = await scene.member("ada"), await scene.member("ben")
        posting = sandbox.faults.hold("POST", scene.posts)
        await ada.response(await ada.slash("imagine", prompt="a fox"))
        await posting.reached.wait()
        drawing = scene.engine.hold(step=2)
        await ben.response(await ben.slash("imagine", prompt="a moon"))
        await drawing.reached()
        async with server_away(fresh_postgres_url):
            posting.release()
            drawing.open()
            await pauses.begun(6)
        await ada.wait_for(lambda _event: len(scene.results()) == 2 == len(sandbox.messages()))
        assert not any(part.done() for part in scene.parts)
    for name in ("ada", "ben"):
        [job] = await scene.jobs(name)
        assert (job.status, job.delivery) == (JobStatus.SUCCEEDED, DeliveryStatus.DELIVERED)
        assert (job.attempt, job.interruptions) == (1, 0)
