"""The example file is complete and true, and bad settings are explained."""

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from bot.config import DATABASE_VARIABLE, SECRETS, Config, ConfigError, ModelSettings, load_config
from bot.config_plans import PackSettings, PriceTagSettings, SkuSettings, TierSettings
from bot.config_section import Section
from engine.config import FAMILIES

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"


def _leaves(tree: dict[str, Any], prefix: str = "") -> set[str]:
    names = set()
    for key, value in tree.items():
        if isinstance(value, dict):
            names |= _leaves(value, f"{prefix}{key}.")
        else:
            names.add(prefix + key)
    return names


def test_the_example_names_every_setting() -> None:
    settings = Config().model_dump(exclude={*SECRETS})
    assert _leaves(tomllib.loads(EXAMPLE.read_text())) == _leaves(settings)


def test_the_example_holds_the_defaults() -> None:
    assert load_config(EXAMPLE, {}) == Config()


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (ModelSettings, "[[engine.models]]"),
        (TierSettings, "[[plans.tiers]]"),
        (PackSettings, "[[plans.packs]]"),
        (SkuSettings, "[plans]"),
        (PriceTagSettings, "[stripe]"),
    ],
)
def test_the_example_names_all_that_an_entry_of_a_list_may_say(kind: type[Section], table: str) -> None:
    """Also what is usually left out; it stands beside the list."""
    text = next(part for part in EXAMPLE.read_text().split("\n\n") if table in part.splitlines())
    assert [name for name in kind.model_fields if not re.search(rf"(?<![\w-]){name}(?![\w-])", text)] == []


def test_the_example_names_every_variable_of_the_environment() -> None:
    text = EXAMPLE.read_text()
    assert [name for name in (*SECRETS.values(), DATABASE_VARIABLE) if name not in text] == []


def test_every_table_of_the_example_is_explained() -> None:
    parts = EXAMPLE.read_text().split("\n\n")
    tables = [part.splitlines() for part in parts if re.search(r"^\[", part, re.MULTILINE)]
    bare = [lines for lines in tables if not any(line.startswith("#") for line in lines)]
    assert [lines[0] for lines in bare] == ["[plans.guilds]", *3 * ["[[plans.tiers]]"]]  # as the one before each


def test_every_family_of_the_engine_can_be_named() -> None:
    assert get_args(ModelSettings.model_fields["family"].annotation) == FAMILIES


def test_secrets_come_from_the_environment() -> None:
    config = load_config(None, {"EASEL_DISCORD_TOKEN": "s3cret", "EASEL_DATABASE_URL": "postgresql+asyncpg:///x"})
    assert config.token is not None
    assert config.token.get_secret_value() == "s3cret"
    assert config.database.url == "postgresql+asyncpg:///x"
    assert "s3cret" not in repr(config)


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        ("[queue]\nmax_waiting = 0", "queue.max_waiting"),
        ("[queue]\nmax_wating = 5", "queue.max_wating: there is no such setting"),
        ("[discord\n", "not valid TOML"),
        ('token = "abc"', "EASEL_DISCORD_TOKEN"),
        ('[[engine.models]]\nname = "x"\nfamily = "unheard-of"', "family"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, text: str, explanation: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=explanation):
        load_config(path, {})


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Copy config\.example\.toml"):
        load_config(tmp_path / "config.toml", {})
