"""The same studio on PostgreSQL: a grid, a press, the gallery, and a restart in between; and what ends it."""

from pathlib import Path

from bot.sandbox import Sandbox
from tests.e2e.studio import a_config, draw, gallery_footer, has_button, running_scene
from tests.fakes import FakeEngine


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
