"""Programs of others, unmodified, against the bot and the stand-in. They are fetched once and kept in `.npm/`."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS
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
    with (folder / "lock").open("w") as lock:  # another process of these tests may be at it
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / PACKAGE).exists():
            fetch(folder)
            (folder / PACKAGE).touch()
    return folder / "node_modules"


def fetch(folder: Path) -> None:
    asked = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    try:
        subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm cannot fetch {PACKAGE}: {str(error.stderr or error).strip()[-200:]}")
