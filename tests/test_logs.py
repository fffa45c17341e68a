"""What the log gives away, and what it must not."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.config import LogSettings
from bot.logs import set_up_logs


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_trace_names_the_error_but_no_values(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(LogSettings.model_validate({"format": form}))
    try:
        _break("-".join(["a", "secret", "token"]))  # the line itself may be quoted
    except RuntimeError:
        structlog.get_logger().exception("it broke", job="j1")
    finally:
        structlog.reset_defaults()
    said = capsys.readouterr().err
    assert "RuntimeError: a bug" in said
    assert "j1" in said
    assert "a-secret-token" not in said
    if form == "json":
        assert json.loads(said)["event"] == "it broke"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The library's loggers belong to the whole process."""
    loggers = [logging.getLogger(name) for name in ("root", "engine", "engine.hub")]
    levels, handlers = [logger.level for logger in loggers], list(logging.getLogger().handlers)
    usual = structlog.get_config()
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    logging.getLogger().handlers = handlers
    structlog.configure(**usual)


@pytest.mark.parametrize(("level", "is_told"), [("info", True), ("warning", False)])
def test_what_the_engine_says_is_heard(level: str, is_told: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """That a model is being fetched is told at any level: somebody is waiting for gigabytes."""
    set_up_logs(LogSettings.model_validate({"level": level}))
    structlog.reset_defaults()
    logging.getLogger("engine.models").info("loading model")
    logging.getLogger("engine.hub").info("downloading")
    logging.getLogger("a_library").info("chatter")
    said = capsys.readouterr().err
    assert ("loading model" in said) is is_told
    assert "downloading" in said
    assert "chatter" not in said


def _break(token: str) -> None:
    raise RuntimeError("a bug" if token else "")
