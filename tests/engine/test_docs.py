"""The engine's page: its example runs as it stands there, and it leaves out nothing that a program needs to know."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from engine.protocol import Engine, FailureCode
from engine.samplers import OWN_SAMPLER, SAMPLERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")


def test_the_example_draws_a_picture(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert found is not None
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", found[1]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "step 20 of 20, 0 previews" in done.stdout
    assert "step 5 of 20, 2 previews" in done.stdout
    with Image.open(tmp_path / "apple.png") as picture:
        assert picture.size == (256, 256)


@pytest.mark.parametrize("word", [*FailureCode, *(name for name in vars(Engine) if not name.startswith("_"))])
def test_every_failure_and_every_call_is_explained(word: str) -> None:
    assert re.search(rf"`(await )?{word}[`(]", PAGE)


@pytest.mark.parametrize("name", [*SAMPLERS, OWN_SAMPLER])
def test_every_sampler_that_the_settings_may_name_is_listed(name: str) -> None:
    assert f"`{name}`" in PAGE.partition("## Samplers as tables")[2].partition("\n## ")[0]


def test_the_benchmarks_that_are_named_have_a_quick_form() -> None:
    named = re.findall(r"^\| `python -m (benchmarks\.\w+)`", PAGE, flags=re.MULTILINE)
    assert named
    for module in named:
        file = ROOT / f"{module.replace('.', '/')}.py"
        file = file if file.exists() else file.with_suffix("") / "__main__.py"
        assert '"--quick"' in file.read_text(encoding="utf-8"), module
