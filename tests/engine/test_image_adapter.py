"""References seen through an IP-Adapter: as the stock pipeline sees them, each row as loudly as it asked."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from bot.domain.buttons import Action
from bot.pictures import encode_png
from engine.config import EngineConfig, ModelConfig
from engine.model_folder import check_models
from engine.models import load_models
from engine.pipelines.image_adapter import MAX_SCALE, USUAL_SCALE
from engine.pipelines.interface import Pipeline
from engine.protocol import Ability, EngineStartError, GenerateRequest, InitImage, Pixels, Reference, ReferenceRole
from tests.engine.parity import SIDE, a_mask, a_picture, a_request, assert_close, draw, stock, stock_of
from tests.engine.test_operations import masters, press, studio_with
from tests.fakes import noise

pytestmark = [
    pytest.mark.usefixtures("inference"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' schedulers
]

WEIGHTS = "models/adapter.safetensors"
SEEN = 24  # numbers that the image encoder makes of a picture
FAMILIES = ["stable-diffusion", "sdxl"]


def an_adapter(cross_attention_dim: int, *, looks_deeper: bool) -> dict[str, torch.Tensor]:
    """As published: of each cross-attention two matrices, counted over all attentions; and a projection."""
    generator = torch.Generator().manual_seed(5)

    def some(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) * 0.2

    tensors = {}
    for number in range(4):  # down_blocks.1, up_blocks.0 twice, the middle: all 64 wide in the tiny models
        for matrix in ("to_k_ip", "to_v_ip"):
            tensors[f"ip_adapter.{2 * number + 1}.{matrix}.weight"] = some(64, cross_attention_dim)
    if not looks_deeper:
        tensors |= {
            "image_proj.proj.weight": some(4 * cross_attention_dim, SEEN),
            "image_proj.proj.bias": some(4 * cross_attention_dim),
            "image_proj.norm.weight": 1 + some(cross_attention_dim),
            "image_proj.norm.bias": some(cross_attention_dim),
        }
    else:
        tensors |= {
            "image_proj.proj.0.weight": some(32, 32),
            "image_proj.proj.0.bias": some(32),
            "image_proj.proj.2.weight": some(cross_attention_dim, 32),
            "image_proj.proj.2.bias": some(cross_attention_dim),
            "image_proj.proj.3.weight": 1 + some(cross_attention_dim),
            "image_proj.proj.3.bias": some(cross_attention_dim),
        }
    return tensors


def an_image_encoder(folder: Path, *, looks_deeper: bool) -> Path:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(4)
    config = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=32,
        patch_size=2 if looks_deeper else 16,  # that kind expects 256 places
        projection_dim=SEEN,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder / "models" / "image_encoder")
    return folder


@pytest.fixture(scope="session")
def adapters(tmp_path_factory: pytest.TempPathFactory, tiny_sd: Path, tiny_sdxl: Path) -> Mapping[str, Path]:
    """By family, and with "deep" before it the kind that looks at more than the encoder's last word."""
    made = {}
    for family, model in (("stable-diffusion", tiny_sd), ("sdxl", tiny_sdxl)):
        width = json.loads((model / "unet" / "config.json").read_text())["cross_attention_dim"]
        for kind in ("", "deep "):
            folder = an_image_encoder(tmp_path_factory.mktemp("adapter"), looks_deeper=bool(kind))
            save_file(an_adapter(width, looks_deeper=bool(kind)), folder / WEIGHTS)
            made[f"{kind}{family}"] = folder
    return made


@pytest.fixture
def model(family: str, tiny_sd: Path, tiny_sdxl: Path) -> Path:
    return tiny_sd if family == "stable-diffusion" else tiny_sdxl


@cache
def seeing(model: Path, family: str, adapter: Path) -> Mapping[str, Pipeline]:
    config = ModelConfig("tiny", family, str(model), image_adapter=str(adapter), image_adapter_weights=WEIGHTS)
    return load_models(EngineConfig(models=(config,), device="cpu"))


def another_picture(shade: int) -> Pixels:
    return Pixels(SIDE, SIDE, bytes((shade, 255 - shade, (3 * shade) % 256)) * (SIDE * SIDE))


def seen_by_stock(
    model: Path, family: str, adapter: Path, request: GenerateRequest, scales: Any, images: Sequence[Pixels]
) -> torch.Tensor:
    """What diffusers makes of the request with the adapter loaded as its manual says, and unloaded afterwards."""
    mode = "" if request.init_image is None else "Img2Img" if request.mask is None else "Inpaint"
    pipeline = stock_of(model, family, mode)
    pipeline.load_ip_adapter(str(adapter), subfolder="models", weight_name=Path(WEIGHTS).name)
    pipeline.set_ip_adapter_scale(scales)
    try:
        pictures = [Image.frombytes("RGB", (one.width, one.height), one.rgb) for one in images]
        is_guided = (request.guidance_scale or 0) > 1
        [embeds] = pipeline.prepare_ip_adapter_image_embeds([pictures], None, "cpu", 1, is_guided)
        mean = torch.cat([half.mean(dim=1, keepdim=True) for half in embeds.chunk(2 if is_guided else 1)])
        rows = mean.repeat_interleave(len(request.seeds), dim=0)
        latents: torch.Tensor = stock(model, family, request, ip_adapter_image_embeds=[rows])
        return latents
    finally:
        pipeline.unload_ip_adapter()


@pytest.mark.parametrize("kind", ["", "deep "])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_reference_is_seen_as_stock_sees_it(
    model: Path, family: str, kind: str, adapters: Mapping[str, Path]
) -> None:
    adapter = adapters[f"{kind}{family}"]
    request = a_request(steps=2, references=(Reference(ReferenceRole.IMAGE, a_picture(), 0.8),))
    latents, _ = draw(seeing(model, family, adapter), [request])
    scale = 0.8 * USUAL_SCALE[ReferenceRole.IMAGE]
    expected = seen_by_stock(model, family, adapter, request, scale, [a_picture()])
    assert_close(latents["r"], expected)
    plain = stock(model, family, request)
    assert (expected - plain).abs().max() > 0.05


@pytest.mark.parametrize("family", FAMILIES)
def test_strangers_with_and_without_references_share_their_steps(
    model: Path, family: str, adapters: Mapping[str, Path]
) -> None:
    adapter = adapters[family]
    character = Reference(ReferenceRole.CHARACTER, another_picture(200))
    wanted = {
        "plain": (a_request("plain", sampler="euler_a"), ()),
        "faint": (a_request("faint", steps=6), (Reference(ReferenceRole.IMAGE, a_picture(), 0.3),)),
        "loud": (a_request("loud", guidance_scale=1.0), (replace(character, weight=1.4),)),
        "started": (
            a_request("started", init_image=InitImage(a_picture(), 0.7), mask=a_mask(), steps=6),
            (Reference(ReferenceRole.OBJECT, another_picture(9), 1.0),),
        ),
        "two": (
            a_request("two", negative_prompt="blue"),
            tuple(Reference(ReferenceRole.IMAGE, another_picture(shade)) for shade in (30, 90)),
        ),
    }
    requests = [replace(request, references=references) for request, references in wanted.values()]
    latents, _ = draw(seeing(model, family, adapter), requests)
    for name, (request, references) in wanted.items():
        scale = sum(one.weight * USUAL_SCALE[one.role] for one in references) / max(1, len(references))
        images = [one.pixels for one in references] or [a_picture()]
        assert_close(latents[name], seen_by_stock(model, family, adapter, request, scale, images))


def test_a_style_speaks_only_where_style_is_decided(tiny_sdxl: Path, adapters: Mapping[str, Path]) -> None:
    adapter = adapters["sdxl"]
    request = a_request(references=(Reference(ReferenceRole.STYLE, a_picture(), 1.2),))
    latents, _ = draw(seeing(tiny_sdxl, "sdxl", adapter), [request])
    in_style_layers = {"up": {"block_0": [0.0, 1.2]}}
    expected = seen_by_stock(tiny_sdxl, "sdxl", adapter, request, in_style_layers, [a_picture()])
    assert_close(latents["r"], expected)
    whole = seen_by_stock(tiny_sdxl, "sdxl", adapter, request, 1.2, [a_picture()])
    assert (expected - whole).abs().max() > 0.05


@pytest.mark.parametrize("family", FAMILIES)
def test_content_and_style_may_come_from_different_pictures(
    model: Path, family: str, adapters: Mapping[str, Path]
) -> None:
    """Each in its own slot: both together are neither alone."""
    pipelines = seeing(model, family, adapters[family])
    content = Reference(ReferenceRole.IMAGE, another_picture(30))
    style = Reference(ReferenceRole.STYLE, another_picture(230))
    kinds = {"content": (content,), "style": (style,), "both": (content, style), "none": ()}
    latents, _ = draw(pipelines, [a_request(name, references=of) for name, of in kinds.items()])
    names = list(latents)
    for index, name in enumerate(names):
        for other in names[:index]:
            assert (latents[name] - latents[other]).abs().max() > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_have_a_limit(model: Path, family: str, adapters: Mapping[str, Path]) -> None:
    pipelines = seeing(model, family, adapters[family])
    loudest = MAX_SCALE / USUAL_SCALE[ReferenceRole.STYLE]
    references = [Reference(ReferenceRole.STYLE, a_picture(), weight) for weight in (loudest, 10.0)]
    latents, _ = draw(pipelines, [a_request(str(one.weight), references=(one,)) for one in references])
    first, second = latents.values()
    assert_close(first, second)


def test_in_half_precision_pictures_are_seen_too_and_once_more_in_full(
    tiny_sd: Path, adapters: Mapping[str, Path]
) -> None:
    folder = adapters["stable-diffusion"]
    config = ModelConfig("tiny", "stable-diffusion", str(tiny_sd), image_adapter=str(folder))
    config = replace(config, image_adapter_weights=WEIGHTS)
    pipelines = load_models(EngineConfig(models=(config,), device="cpu", dtype="bfloat16"))
    seen = a_request(references=(Reference(ReferenceRole.STYLE, a_picture()),), steps=2)
    halves, _ = draw(pipelines, [seen, replace(seen, id="plain", references=())])
    assert (halves["r"] - halves["plain"]).abs().max() > 0.05
    full = pipelines["tiny"].full_precision()
    assert full is not None
    with full:
        wholes, _ = draw(pipelines, [seen])
    assert (wholes["r"] - halves["r"]).abs().max() < 0.5


def test_other_families_take_no_adapter(tiny_flux_dev: Path) -> None:
    config = ModelConfig("tiny", "flux", str(tiny_flux_dev), image_adapter="anywhere")
    with pytest.raises(EngineStartError, match="image adapters are for stable-diffusion and sdxl; leave"):
        check_models((config,))


def test_with_an_adapter_a_model_takes_every_reference(tiny_sd: Path, adapters: Mapping[str, Path]) -> None:
    info = seeing(tiny_sd, "stable-diffusion", adapters["stable-diffusion"])["tiny"].traits.info
    assert info.abilities >= {
        Ability.IMAGE_REFERENCE,
        Ability.STYLE_REFERENCE,
        Ability.CHARACTER_REFERENCE,
        Ability.OBJECT_REFERENCE,
    }


def test_an_adapter_that_does_not_fit_is_told(tiny_sd: Path, adapters: Mapping[str, Path], tmp_path: Path) -> None:
    def trouble(adapter: Path, weights: str = WEIGHTS, encoder: str = "") -> str:
        config = ModelConfig(
            "tiny",
            "stable-diffusion",
            str(tiny_sd),
            image_adapter=str(adapter),
            image_adapter_weights=weights,
            image_adapter_encoder=encoder,
        )
        with pytest.raises(EngineStartError) as refusal:
            load_models(EngineConfig(models=(config,), device="cpu"))
        return str(refusal.value)

    good = adapters["stable-diffusion"]
    assert "name image adapter weights in .safetensors" in trouble(good, "models/adapter.bin")
    assert "has no models/other.safetensors; name the file as" in trouble(good, "models/other.safetensors")
    assert "has no models/ip-adapter_sd15.safetensors" in trouble(good, "")
    assert "has no elsewhere; name the folder as" in trouble(good, encoder="elsewhere")
    assert "cannot be loaded" in trouble(adapters["sdxl"])
    odd = tmp_path / "odd"
    shutil.copytree(good, odd)
    save_file({"something": torch.zeros(1)}, odd / WEIGHTS)
    assert "the file holds no adapter for pictures" in trouble(odd)
    (odd / "models" / "image_encoder" / "model.safetensors").unlink()
    assert "missing its weights" in trouble(odd)


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_creative_upscale_keeps_looking_at_the_references(
    family: str, model: Path, adapters: Mapping[str, Path], tmp_path: Path
) -> None:
    """The same picture, of a prompt with a style and of one without: what the style shows is drawn into the tiles."""
    adapter = str(adapters[family])
    config = ModelConfig(
        "tiny",
        family,
        str(model),
        width=SIDE,
        height=SIDE,
        steps=4,
        image_adapter=adapter,
        image_adapter_weights=WEIGHTS,
    )
    url, picture = "https://pictures.example/style.png", encode_png(noise(SIDE, SIDE, 3))
    async with studio_with(config, tmp_path) as world:
        world.links.files[url] = encode_png(another_picture(200))
        enlarged = []
        for number, words in enumerate(("a fox --seed 7", f"a fox --seed 7 --sref {url} --sw 1000", "a fox --seed 7")):
            single = await press(world, Action.UPSCALE, await world.drawn(words), where=900 + number)
            [kept] = await world.pictures(single.id)
            await world.studio.store.put(kept.store_key, picture)
            how, where = "v6r1_2x_creative", 910 + number
            enlarged += await masters(world, await press(world, Action.ENLARGE, single, how=how, where=where))
    plain, styled, plain_again = (one.astype(int) for one in enlarged)
    assert plain.shape == (2 * SIDE, 2 * SIDE, 3)
    assert (plain == plain_again).all()
    assert abs(plain - styled).max() > 2
