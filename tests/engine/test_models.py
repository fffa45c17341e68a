"""What an operator hears when a model cannot be loaded, and what is loaded from which kind of source."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.config import EngineConfig, ModelConfig
from engine.model_folder import check_models
from engine.models import DTYPES, choose_device, choose_dtype, load_models
from engine.protocol import EngineStartError
from tests.engine.parity import config_of
from tests.engine.single_files import save_single_file

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' schedulers

PARTS = {
    "stable-diffusion": ("unet", "vae", "text_encoder"),
    "sdxl": ("unet", "vae", "text_encoder", "text_encoder_2"),
    "flux": ("transformer", "vae", "text_encoder", "text_encoder_2"),
}


def without_index(folder: Path) -> None:
    (folder / "model_index.json").unlink()


def with_broken_index(folder: Path) -> None:
    (folder / "model_index.json").write_text("{")


def without_vae(folder: Path) -> None:
    shutil.rmtree(folder / "vae")


def without_weights(folder: Path) -> None:
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()


def with_pickled_weights(folder: Path) -> None:
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()


def with_pickled_text_encoder(folder: Path) -> None:
    weights = folder / "text_encoder" / "model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()


def without_configuration(folder: Path) -> None:
    (folder / "text_encoder" / "config.json").unlink()


def with_half_a_file(folder: Path) -> None:
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])


def with_half_a_text_encoder(folder: Path) -> None:
    weights = folder / "text_encoder" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def with_other_shapes(folder: Path) -> None:
    path = folder / "unet" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "cross_attention_dim": 48}))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (without_index, "model_index.json is missing"),
        (with_broken_index, "model_index.json cannot be read"),
        (without_vae, "is missing its part 'vae'"),
        (without_weights, r"unet is missing its weights \(\*.safetensors\)"),
        (with_pickled_weights, "unet holds pickled weights only"),
        (without_configuration, "text_encoder is missing config.json"),
        (with_half_a_file, r"model tiny \(.*\) cannot be loaded"),
        (with_half_a_text_encoder, r"model tiny \(.*\) cannot be loaded"),
        (with_other_shapes, r"model tiny \(.*\) cannot be loaded"),
    ],
)
def test_a_broken_folder_names_what_is_broken(
    tiny_sd: Path, tmp_path: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_sd, folder)
    damage(folder)
    with pytest.raises(EngineStartError, match=sentence):
        load_models(config_of(folder))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("/nowhere/at/all", "there is no model folder /nowhere/at/all"),
        ("/nowhere/model.safetensors", "there is no model file"),
        ("model.ckpt", "holds pickled weights"),
        ("no-such-folder", "there is no model folder no-such-folder; a Hugging Face id reads owner/name"),
        ("nobody/has-this-model", "and HF_HUB_OFFLINE keeps it from being fetched"),
    ],
)
def test_a_source_that_is_not_there(source: str, sentence: str) -> None:
    with pytest.raises(EngineStartError, match=sentence):
        load_models(config_of(source))


@pytest.mark.parametrize(
    ("damage", "base", "sentence"),
    [
        (lambda _: None, "", "holds a transformer only; name the folder or id of its model as base"),
        (lambda _: None, "/nowhere/at/all", "there is no model folder /nowhere/at/all"),
        (without_vae, None, "is missing its part 'vae'"),
        (with_pickled_text_encoder, None, "text_encoder holds pickled weights only"),
    ],
)
def test_a_single_file_of_flux_needs_the_rest_of_its_model(
    tiny_flux_dev: Path, tmp_path: Path, damage: Callable[[Path], None], base: str | None, sentence: str
) -> None:
    folder = tmp_path / "base"
    shutil.copytree(tiny_flux_dev, folder)
    damage(folder)
    file = save_single_file(tiny_flux_dev, "flux", tmp_path)
    with pytest.raises(EngineStartError, match=sentence):
        load_models(config_of(file, "flux", base=str(folder) if base is None else base))


@pytest.mark.parametrize("family", ["stable-diffusion", "sdxl", "flux"])
def test_a_single_file_that_is_none_of_its_family_is_refused(
    tiny_sd: Path, tiny_sdxl: Path, tiny_flux_dev: Path, tmp_path: Path, family: str
) -> None:
    base = {"stable-diffusion": tiny_sd, "sdxl": tiny_sdxl, "flux": tiny_flux_dev}[family]
    file = tmp_path / "other.safetensors"
    save_file({"some.weight": torch.zeros(3)}, file)
    with pytest.raises(EngineStartError, match=r"model tiny \(.*other.safetensors\) cannot be loaded"):
        load_models(config_of(file, family, base=str(base)))


def test_a_folder_of_another_family_lacks_a_part(tiny_sd: Path) -> None:
    with pytest.raises(EngineStartError, match="is missing its part 'text_encoder_2'"):
        load_models(config_of(tiny_sd, family="sdxl"))


def test_configurations_that_make_no_sense(tiny_sd: Path) -> None:
    for config, sentence in (
        (config_of(tiny_sd, family="poetry"), "unknown family 'poetry'; choose from starter"),
        (config_of(tiny_sd, sampler="magic"), "there is no sampler 'magic'; choose from default, euler"),
        (EngineConfig(models=()), "no model is configured"),
        (EngineConfig(models=config_of(tiny_sd).models * 2), "two models are called 'tiny'"),
    ):
        with pytest.raises(EngineStartError, match=sentence):
            load_models(config)


@pytest.mark.parametrize("family", ["stable-diffusion", "sdxl", "flux"])
def test_a_single_file_holds_the_same_model_as_its_folder(
    tiny_sd: Path, tiny_sdxl: Path, tiny_flux_dev: Path, tmp_path: Path, family: str
) -> None:
    base = {"stable-diffusion": tiny_sd, "sdxl": tiny_sdxl, "flux": tiny_flux_dev}[family]
    file = save_single_file(base, family, tmp_path)
    single = load_models(config_of(file, family, base=str(base)))["tiny"].components  # type: ignore[attr-defined]
    folder = load_models(config_of(base, family))["tiny"].components  # type: ignore[attr-defined]
    for part in PARTS[family]:
        weights, expected = getattr(single, part).state_dict(), getattr(folder, part).state_dict()
        assert weights.keys() == expected.keys()
        assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert dict(single.scheduler.config) == dict(folder.scheduler.config)


def test_the_operators_choice_goes_before_the_models_own(tiny_sd: Path) -> None:
    chosen = config_of(tiny_sd, sampler="euler", steps=4, guidance_scale=1.0, width=48)
    traits = load_models(chosen)["tiny"].traits
    assert traits.samplers[0] == "euler"
    assert (traits.info.steps, traits.info.width, traits.info.height, traits.guidance_scale) == (4, 48, 32, 1.0)
    own = load_models(config_of(tiny_sd))["tiny"].traits
    assert own.samplers[0] == "default"
    assert own.guidance_scale > 1


@pytest.mark.parametrize(
    ("config", "option"),
    [
        (ModelConfig("mine", "starter", base="a/model"), "base"),
        (ModelConfig("mine", "starter", preview_decoder="a/decoder"), "preview_decoder"),
        (ModelConfig("mine", "starter", width=512), "width"),
        (ModelConfig("mine", "starter", height=512), "height"),
        (ModelConfig("mine", "starter", sampler="ddim"), "sampler"),
    ],
)
def test_what_a_starter_would_ignore_is_refused(config: ModelConfig, option: str) -> None:
    with pytest.raises(EngineStartError, match=f"model mine: a starter has no {option} to choose; leave {option} out"):
        check_models((config,))
    check_models((ModelConfig("mine", "starter", steps=8, guidance_scale=2.0),))


def test_the_precision_fits_the_device() -> None:
    assert choose_dtype("auto", torch.device("cpu")) is torch.float32
    assert choose_dtype("bfloat16", torch.device("cpu")) is torch.bfloat16
    assert choose_dtype("auto", torch.device("mps")) is torch.float16
    with pytest.raises(EngineStartError, match="no dtype 'int3'; choose auto, float32"):
        choose_dtype("int3", torch.device("cpu"))
    with pytest.raises(EngineStartError, match="no device 'toaster'"):
        choose_device("toaster")


@pytest.mark.parametrize(("is_real", "dtype"), [(True, torch.bfloat16), (False, torch.float16)])
def test_a_card_that_only_emulates_bfloat16_computes_in_float16(
    is_real: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turing and older take bfloat16 tensors, and are several times slower with them."""
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: is_real or including_emulation
    )
    assert choose_dtype("auto", torch.device("cuda")) is dtype


@pytest.mark.parametrize(("family", "dtype"), [("stable-diffusion", "bfloat16"), ("sdxl", "float16")])
def test_half_precision_loads_and_draws(tiny_sd: Path, tiny_sdxl: Path, family: str, dtype: str) -> None:
    """Loading ends in a warm-up picture; SDXL's VAE overflows in float16 and stays in float32."""
    source = tiny_sd if family == "stable-diffusion" else tiny_sdxl
    models = (ModelConfig("tiny", family, str(source)),)
    components = load_models(EngineConfig(models=models, device="cpu", dtype=dtype))["tiny"].components  # type: ignore[attr-defined]
    assert components.unet.dtype == DTYPES[dtype]
    assert components.vae.dtype == (torch.float32 if family == "sdxl" else DTYPES[dtype])


def test_a_model_that_cannot_draw_is_found_at_the_start(tiny_sd: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_sd, folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    save_file({name: torch.full_like(value, torch.nan) for name, value in load_file(weights).items()}, weights)
    with pytest.raises(EngineStartError, match="tiny is loaded but cannot draw: the latents are not finite"):
        load_models(config_of(folder))
