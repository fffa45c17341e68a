"""Where a model is on this machine; checked before it is loaded, so that a broken one gets a sentence. No torch."""

import json
from collections.abc import Sequence
from pathlib import Path

from engine.config import ModelConfig
from engine.hub import fetch_files, fetch_model, is_hub_id
from engine.protocol import EngineStartError

PARTS = {
    "stable-diffusion": ("unet", "vae", "text_encoder", "tokenizer", "scheduler"),
    "sdxl": ("unet", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler"),
    "flux": ("transformer", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler"),
}
"""The components that a family cannot do without."""

ADAPTER_WEIGHTS = {
    "stable-diffusion": "models/ip-adapter_sd15.safetensors",
    "sdxl": "sdxl_models/ip-adapter_sdxl.safetensors",
}
"""Where the adapters that are published for a family have theirs."""

_NOT_OF_A_STARTER = ("base", "preview_decoder", "width", "height", "sampler")
"""Options that other families take: it draws one size in one way, and its previews need no decoder."""

_PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
_HAS_WEIGHTS = ("unet", "vae", "text_encoder", "text_encoder_2", "transformer")


def check_models(models: Sequence[ModelConfig]) -> None:
    """What can be found out at once, without torch and without the hub. Raises `EngineStartError`."""
    for model in models:
        if model.image_adapter and model.family not in ADAPTER_WEIGHTS:
            raise EngineStartError(
                f"model {model.name}: image adapters are for {' and '.join(ADAPTER_WEIGHTS)}; leave image_adapter out"
            )
        if model.family == "starter":
            _check_starter(model)
        if model.family in PARTS and not is_hub_id(model.source):
            _check(model.source, PARTS[model.family])


def _check_starter(model: ModelConfig) -> None:
    for option in _NOT_OF_A_STARTER:
        if getattr(model, option):
            raise EngineStartError(f"model {model.name}: a starter has no {option} to choose; leave {option} out")


def find_model(source: str, parts: tuple[str, ...], described: tuple[str, ...] = ()) -> str:
    """The folder or file to load; a Hugging Face id is fetched first. Raises `EngineStartError`.

    It must have `parts`. Of those that are only to be `described`, an id's weights are left where they are.
    """
    if is_hub_id(source):
        source = str(fetch_model(source, parts, described))
    _check(source, parts)
    return source


def _check(source: str, parts: tuple[str, ...]) -> None:
    path = Path(source)
    if path.suffix in _PICKLED:
        raise EngineStartError(
            f"{source} holds pickled weights, which can run code when opened; convert it to .safetensors"
        )
    if path.is_dir():
        _check_folder(path, parts)
    elif path.suffix == ".safetensors" and not path.is_file():
        raise EngineStartError(f"there is no model file {source}")
    elif not path.exists():
        raise EngineStartError(f"there is no model folder {source}; a Hugging Face id reads owner/name")


def check_part(source: str) -> None:
    """A single network in a folder of its own, or a Hugging Face id. Raises `EngineStartError`."""
    path = Path(source)
    if path.is_dir():
        check_network(path)
    elif path.suffix in (*_PICKLED, ".safetensors") or path.is_absolute():
        raise EngineStartError(f"{source} is no folder of a network; name the folder that holds its config.json")


def find_adapter(config: ModelConfig) -> tuple[Path, Path]:
    """The adapter's weights, and the folder of the image encoder it was trained with. Raises `EngineStartError`."""
    weights = config.image_adapter_weights or ADAPTER_WEIGHTS[config.family]
    encoder = config.image_adapter_encoder or f"{Path(weights).parent.as_posix()}/image_encoder"
    if not weights.endswith(".safetensors"):
        raise EngineStartError(f"{weights} may run code when opened; name image adapter weights in .safetensors")
    folder = Path(config.image_adapter)
    if is_hub_id(config.image_adapter):
        folder = fetch_files(config.image_adapter, [weights, f"{encoder}/config.json", f"{encoder}/*.safetensors"])
    if not (folder / weights).is_file():
        raise EngineStartError(f"{config.image_adapter} has no {weights}; name the file as image_adapter_weights")
    if not (folder / encoder).is_dir():
        raise EngineStartError(f"{config.image_adapter} has no {encoder}; name the folder as image_adapter_encoder")
    check_network(folder / encoder)
    return folder / weights, folder / encoder


def _check_folder(folder: Path, parts: tuple[str, ...]) -> None:
    index_path = folder / "model_index.json"
    try:
        index = json.loads(index_path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EngineStartError(f"{folder} is not a diffusers model: model_index.json is missing") from None
    except (OSError, ValueError) as error:
        raise EngineStartError(f"{index_path} cannot be read: {error}") from error
    for part in parts:
        if index.get(part, [None])[0] is None or not (folder / part).is_dir():
            raise EngineStartError(f"{folder} is missing its part {part!r}; copy the model again")
        _check_part(folder / part)


def _check_part(part: Path) -> None:
    if part.name in _HAS_WEIGHTS:
        check_network(part)


def check_network(part: Path) -> None:
    """A folder with one network in it. Raises `EngineStartError`."""
    if not (part / "config.json").is_file():
        raise EngineStartError(f"{part} is missing config.json; copy the model again")
    if any(part.glob("*.safetensors")):
        return
    if any(file.suffix in _PICKLED for file in part.iterdir()):
        raise EngineStartError(
            f"{part} holds pickled weights only, which can run code when opened; convert them to .safetensors"
        )
    raise EngineStartError(f"{part} is missing its weights (*.safetensors); copy the model again, or name another")
