"""A model that is named by its Hugging Face id comes over a real socket, with progress; what cannot be had is told."""

import asyncio
import contextlib
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

from tests.engine.hub_in_a_box import Hub
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]


@contextlib.asynccontextmanager
async def loader(hub: Hub, cache: Path) -> AsyncIterator[Process]:
    """Killed at the end, if a test fails while it runs."""
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "0", "HF_TOKEN": ""}
    program = [sys.executable, "-m", "tests.engine.load_by_name"]
    process = await asyncio.create_subprocess_exec(
        *program, cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def load(process: Process, name: str) -> str:
    """What is said of it. Every answer is one line."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{name}\n".encode())
    async with asyncio.timeout(PATIENCE_SECONDS):
        return (await process.stdout.readline()).decode().strip()


async def everything(process: Process) -> str:
    """What went to the log, once the program has nothing more to do."""
    assert process.stdin is not None
    process.stdin.close()
    _, err = await process.communicate()
    return err.decode()


async def test_models_come_from_a_hub_or_are_refused_in_a_sentence(tiny_sd: Path, tmp_path: Path) -> None:
    """One program asks for all, because loading torch takes seconds."""
    with_variant = tmp_path / "model"
    shutil.copytree(tiny_sd, with_variant)
    weights = with_variant / "unet" / "diffusion_pytorch_model.safetensors"
    shutil.copy(weights, weights.with_suffix(".fp16.safetensors"))
    (with_variant / "README.md").write_text("A card.")
    pickled = tmp_path / "pickled"
    shutil.copytree(tiny_sd, pickled)
    weights = pickled / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    models = {"easel/tiny": with_variant, "easel/gated": tiny_sd, "easel/pickled": pickled}
    hub = Hub(models, tokens={"easel/gated": "a-token"})
    async with hub, loader(hub, tmp_path / "cache") as process:
        assert await load(process, "easel/tiny") == "tiny draws"
        fetched = dict(hub.sent)
        gated = await load(process, "easel/gated")
        missing = await load(process, "easel/mising")
        unsafe = await load(process, "easel/pickled")
        await hub.close()
        assert await load(process, "easel/tiny") == "tiny draws", "it is on this machine"
        unreachable = await load(process, "easel/other")
        said = await everything(process)
    assert set(hub.sent.values()) == {1}
    assert "easel/tiny/unet/diffusion_pytorch_model.safetensors" in fetched
    assert not [name for name in hub.sent if "fp16" in name or "README" in name or name.endswith(".bin")]
    assert "Traceback" not in said
    assert f"INFO engine.hub: downloading easel/tiny: {len(fetched)} files, " in said
    assert "INFO engine.hub: downloading easel/tiny: 100% of " in said
    assert "INFO engine.models: loaded model tiny in " in said
    assert gated == (
        f"easel/gated is given out under a licence that has to be accepted: do so at {hub.url}/easel/gated, and put a "
        "token of that account into the environment as HF_TOKEN"
    )
    assert missing.startswith(f"there is no model easel/mising at {hub.url}, or it is private: correct the name")
    assert "unet is missing its weights (*.safetensors); copy the model again, or name another" in unsafe
    assert unreachable == (
        f"easel/other is not wholly on this machine, and {hub.url} cannot be reached: check the network, or name a "
        "model's folder"
    )
