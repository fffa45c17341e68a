"""`python -m benchmarks.docs_pictures`: redraws the pictures of the README with the model that ships.

Needs Chromium; its place can be given. Everything goes through the sandbox, as it does for a newcomer.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from bot.config import Config
from bot.demo import on_scratch, pointed_at
from bot.program import engine_config, running_studio
from bot.sandbox import Member, Sandbox, SandboxConfig, find_component
from engine.local import LocalEngine

DOCS = Path(__file__).parents[1] / "docs"
PROMPTS = ("a castle on grass --seed 3", "a penguin on snow --seed 4")
GRID_PROMPT = "a fox under a full moon --seed 5"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
PATIENCE_SECONDS = 120.0


async def redraw(chromium: str) -> None:
    with tempfile.TemporaryDirectory(prefix="easel-docs-") as folder:
        async with Sandbox(SandboxConfig(wait_seconds=PATIENCE_SECONDS, openapi=None)) as sandbox:
            config = pointed_at(sandbox, on_scratch(Config(), Path(folder)))
            async with running_studio(config, sandbox.bot_token, LocalEngine(engine_config(config))):
                ada = await sandbox.member("ada")
                grid = await _imagine(ada, GRID_PROMPT)
                (DOCS / "grid.png").write_bytes(await ada.download(grid["attachments"][0]))
                for prompt in PROMPTS:
                    grid = await _imagine(ada, prompt)
                pressed = await ada.press(grid, "U1")
                await ada.wait_for_message(lambda message: _has(message, "Vary (Subtle)"), since=pressed)
                await _photograph(sandbox.base_url, chromium)


async def _imagine(ada: Member, prompt: str) -> dict[str, Any]:
    sent = await ada.slash("imagine", prompt=prompt)
    waiting = await ada.response(sent)
    grid = await ada.wait_for_message(lambda message: _has(message, "U1"), since=sent)
    await ada.wait_until_deleted(waiting)
    return grid


async def _photograph(address: str, chromium: str) -> None:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=FLAGS.split())
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        await page.goto(address)
        await page.locator("img").last.wait_for()
        await page.wait_for_load_state("networkidle")
        await page.screenshot(path=DOCS / "sandbox.png")
        await browser.close()


def _has(message: dict[str, Any], label: str) -> bool:
    try:
        find_component(message, label)
    except LookupError:
        return False
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    asyncio.run(redraw(parser.parse_args().chromium))
