"""The unit for systemd that ships: it waits longer than the bot takes to stop, starts what there is, and may little."""

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.__main__ import _parser
from bot.config import Config
from bot.loops import stop_seconds

UNIT = Path(__file__).parents[1] / "docs" / "easel.service"


@pytest.fixture
def service() -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT.read_text())
    return unit["Service"]


def test_systemd_waits_longer_than_the_bot_takes_to_stop(service: configparser.SectionProxy) -> None:
    assert stop_seconds(Config()) < int(service["TimeoutStopSec"])
    slow = Config.model_validate({"engine": {"stop_timeout_seconds": 50.0}})
    assert stop_seconds(slow) == stop_seconds(Config()) + 20


def test_it_starts_the_bot_with_its_settings(service: configparser.SectionProxy) -> None:
    python, *arguments = shlex.split(service["ExecStart"])
    assert python.endswith("/python")
    assert arguments[:2] == ["-m", "bot"]
    options = _parser().parse_args(arguments[2:])
    assert (options.command, options.config) == ("run", Path("/etc/easel/config.toml"))


def test_it_is_started_again_after_a_crash_and_not_with_wrong_settings(service: configparser.SectionProxy) -> None:
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("on-failure", "2")


def test_it_may_do_little(service: configparser.SectionProxy, tmp_path: Path) -> None:
    """As systemd itself rates it, 0 to 10; a service without any care is at 9.6."""
    assert (service["NoNewPrivileges"], service["ProtectSystem"], service["CapabilityBoundingSet"]) == (
        "yes",
        "strict",
        "",
    )
    analyze = shutil.which("systemd-analyze")
    if analyze is None or "--offline" not in subprocess.run([analyze, "--help"], capture_output=True, text=True).stdout:
        pytest.skip("there is no systemd here that can be asked")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/easel/.venv/bin/python", sys.executable))
    for question in (["verify"], ["security", "--offline=true", "--threshold=30"]):
        asked = subprocess.run([analyze, *question, str(unit)], capture_output=True, text=True, check=False)
        assert asked.returncode == 0, asked.stdout + asked.stderr
