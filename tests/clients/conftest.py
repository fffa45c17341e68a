"""Programs of others, unmodified, against the bot and the stand-in. They are fetched once and kept in `.npm/`."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ui.conftest import sandbox, scene

__all__ = ["sandbox", "scene"]

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "midjourney@4.3.18"


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder with the npm package, or a skip that says what is missing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js is not installed, so no npm client is tried")
    folder = ROOT / ".npm"
    folder.mkdir(exist_ok=True)
    if not (folder / "node_modules" / "midjourney").is_dir():
        asked = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot fetch {PACKAGE}: {done.stderr.strip()[-200:]}")
    return folder / "node_modules"
