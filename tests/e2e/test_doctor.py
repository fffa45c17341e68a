"""`python -m bot doctor` as an operator runs it: every part is looked at, and what is wrong is said in plain words."""

import sys
from pathlib import Path

from bot.sandbox import Sandbox
from tests.e2e.process import a_broken_model, ended, model_section, start


def _settings(sandbox: Sandbox, folder: Path, database: str, store: Path) -> str:
    return f"""
[database]
url = "{database}"
[images]
store = "{store}"
[discord]
api_url = "{sandbox.api_url}"
gateway_url = "{sandbox.gateway_url}"
[engine]
cache = "{folder / "cache"}"
"""


async def test_a_sound_installation_passes_on_the_model_that_ships(sandbox: Sandbox, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(_settings(sandbox, tmp_path, f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "images"))
    command = [sys.executable, "-m", "bot", "--config", str(config), "doctor"]
    status, out, _ = await ended(await start(command, sandbox.bot_token))
    assert status == 0, out
    for part in ("disk", "database", "image store", "models", "token", "server Easel"):
        assert f"✓ {part}" in out
    assert "Everything that was looked at is fine." in out


async def test_every_part_that_is_wrong_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    config = tmp_path / "config.toml"
    settings = _settings(sandbox, tmp_path, "oracle://somewhere/else", tmp_path / "taken")
    model = a_broken_model(tmp_path)
    config.write_text(settings + model_section(model))
    command = [sys.executable, "-m", "bot", "--config", str(config), "doctor"]
    status, out, _ = await ended(await start(command, "stale"))
    assert status == 1
    assert "✗ database: `oracle` databases are not supported" in out
    assert f"✗ image store: {tmp_path / 'taken'} cannot be written" in out
    assert "✗ token: Discord does not accept it." in out
    assert f"✗ models: {model} is missing its part 'vae'" in out
    assert "4 to repair." in out
