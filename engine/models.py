"""The table from model name to pipeline: chooses device and precision, and loads what the configuration names."""

import logging
import textwrap
import time
from collections.abc import Mapping

import torch
from safetensors import SafetensorError

from engine.config import FAMILIES, EngineConfig, ModelConfig
from engine.generation import Batch, Generation
from engine.pipelines import flux, sdxl, stable_diffusion, starter
from engine.pipelines.interface import Pipeline
from engine.protocol import EngineStartError, GenerateRequest
from engine.runner import Runner
from engine.settings import resolve
from engine.upscale import load_upscaler

log = logging.getLogger(__name__)

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def load_models(config: EngineConfig) -> Mapping[str, Pipeline]:
    """In the order of the configuration. Raises `EngineStartError` with a sentence for the operator."""
    device = choose_device(config.device)
    dtype = choose_dtype(config.dtype, device)
    if not config.models:
        raise EngineStartError("no model is configured; name at least one")
    pipelines: dict[str, Pipeline] = {}
    for number, model in enumerate(config.models, start=1):
        if model.name in pipelines:
            raise EngineStartError(f"two models are called {model.name!r}; give each its own name")
        started = time.perf_counter()
        log.info("loading model %s (%d of %d) on %s in %s", model.name, number, len(config.models), device, dtype)
        pipelines[model.name] = _load(model, config, device, dtype)
        _warm_up(pipelines[model.name])
        log.info("loaded model %s in %.1f s", model.name, time.perf_counter() - started)
    return pipelines


def choose_device(name: str) -> torch.device:
    if name != "auto":
        try:
            return torch.device(name)
        except RuntimeError as error:
            raise EngineStartError(f"there is no device {name!r}: {error}") from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """Half precision where the device computes in it; bfloat16 first, because it does not overflow."""
    if name != "auto":
        if name not in DTYPES:
            raise EngineStartError(f"there is no dtype {name!r}; choose auto, {', '.join(DTYPES)}")
        return DTYPES[name]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.float16 if device.type == "mps" else torch.float32


def _warm_up(pipeline: Pipeline) -> None:
    """One small picture in one step: pays the first call's costs, and shows that the model can draw here at all."""
    info = pipeline.traits.info
    request = GenerateRequest("warm-up", "warm-up", seeds=(0,), width=64, height=64, steps=1)
    generation = Generation(request, resolve(request, pipeline.traits), info.name)
    runner = Runner({info.name: pipeline})
    with torch.inference_mode():
        failure = runner.prepare(generation)
        if failure is None:
            [result] = runner.step(Batch(generation.key, generation.rows)).results
            failure = result.failure or runner.decode(generation.rows).get(generation)
    if failure is not None:
        raise EngineStartError(f"model {info.name} is loaded but cannot draw: {failure.reason}")


def _load(model: ModelConfig, config: EngineConfig, device: torch.device, dtype: torch.dtype) -> Pipeline:
    from diffusers.loaders.single_file_utils import SingleFileComponentError

    try:
        match model.family:
            case "starter":
                upscaler = load_upscaler(config.upscaler, config.cache_dir, device, dtype)
                return starter.load(model, device, dtype, upscaler)
            case "stable-diffusion":
                return stable_diffusion.load(model, device, dtype, config.max_pixels)
            case "sdxl":
                return sdxl.load(model, device, dtype, config.max_pixels)
            case "flux":
                return flux.load(model, device, dtype, config.max_pixels)
            case _:
                raise EngineStartError(
                    f"model {model.name} is of an unknown family {model.family!r}; choose from {', '.join(FAMILIES)}"
                )
    except (OSError, ValueError, RuntimeError, LookupError, SafetensorError, SingleFileComponentError) as error:
        # diffusers, safetensors and the hub raise these
        gist = textwrap.shorten(str(error), 300)  # torch lists every tensor that does not fit
        raise EngineStartError(f"model {model.name} ({model.source}) cannot be loaded: {gist}") from error
