"""Settings that name a folder of Stable Video Diffusion, and a member who presses Animate: the picture moves."""

import io
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from bot.config import load_config
from bot.program import engine_config, running_studio
from bot.sandbox import Member, Sandbox
from bot.sandbox.wire import Json
from engine import video
from engine.local import LocalEngine
from engine.protocol import Ability
from tests.patience import PATIENT
from tests.ui.conftest import draw, press_for_result
from tests.unhurried import unhurried

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' schedulers

SETTINGS = """
[database]
url = "sqlite+aiosqlite:///{folder}/easel.db"

[images]
store = "{folder}/images"

[discord]
api_url = "{sandbox.api_url}"
gateway_url = "{sandbox.gateway_url}"

[engine]
device = "cpu"
threads = 1
cache = "{folder}/cache"
video_model = "{video}"

[[engine.models]]
name = "tiny"
family = "stable-diffusion"
source = "{model}"
width = 64
height = 64
steps = 2
"""


@pytest.fixture
async def ada(tiny_sd: Path, tiny_svd: Path, tmp_path: Path) -> AsyncIterator[Member]:
    with unhurried() as patch:
        patch.setattr(video, "STEPS", 2)
        async with Sandbox(PATIENT) as sandbox:
            file = tmp_path / "config.toml"
            file.write_text(SETTINGS.format(folder=tmp_path, sandbox=sandbox, video=tiny_svd, model=tiny_sd))
            config = load_config(file, {})
            engine = LocalEngine(engine_config(config))
            async with running_studio(config, sandbox.bot_token, engine):
                assert Ability.FILM in engine.list_models()[0].abilities
                yield await sandbox.member("ada")
            assert sandbox.contract_violations == []


async def frames_of(member: Member, message: Json) -> list[np.ndarray]:
    [attachment] = message["attachments"]
    assert attachment["filename"].endswith(".webp")
    with Image.open(io.BytesIO(await member.download(attachment))) as film:
        assert film.format == "WEBP"
        return [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(film)]


async def test_animate_lets_the_picture_move(ada: Member) -> None:
    single = await press_for_result(ada, await draw(ada, "a fox --seed 3"), "U1")
    film = await press_for_result(ada, single, "Animate (High motion)")
    assert "--motion high --video 1" in film["content"]
    frames = await frames_of(ada, film)
    assert len(frames) == 4  # as many as the folder says, not the sixteen of a film out of noise
    assert {frame.shape for frame in frames} == {(64, 64, 3)}
    assert min(np.abs(after - before).mean() for before, after in itertools.pairwise(frames)) > 0.1
    again = await frames_of(ada, await press_for_result(ada, film, "🔄"))
    assert len(again) == 4
    assert np.abs(again[1] - frames[1]).mean() > 0.1  # another seed
