"""The model that ships with us: rectified flow on 64x64 pixels, then a GAN that makes 256x256 of them.

Latents are pixels in [-1, 1]; there is no VAE. It draws squares only. `engine/starter` owns the network.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from engine.config import ModelConfig
from engine.limits import STARTS_FROM_REFERENCES, ModelTraits
from engine.pictures import to_mask_tensor, to_pixels, to_pixels_of_each, to_tensor
from engine.pipelines.interface import Conditioning, DrawClean, Tensors
from engine.precision import in_float32, is_half
from engine.protocol import Ability, EngineStartError, ModelInfo, Pixels
from engine.samplers import Sampler, start_sampler
from engine.settings import Settings
from engine.starter.choices import choose, pick, with_style
from engine.starter.mixtures import Mixture, other_styles, vary, walk
from engine.starter.model import WEIGHTS, StarterModel, WeightsMissing
from engine.starter.model import Conditioning as StarterConditioning
from engine.starter.parts import read_parts
from engine.starter.reading import Reading
from engine.starter.seeing import Sight
from engine.starter.words import BACKGROUNDS, PICTURE
from engine.tiling import periodic_part
from engine.upscale import SCALE, Upscaler

ABILITIES = STARTS_FROM_REFERENCES | {Ability.PARTS, Ability.STOP, Ability.TILE}
STRONG = 0.8  # strength of a start from which its style changes
FORGOTTEN = 0.95  # of a start in another style: of what is kept of more, scraps show among the new
TRAIN_TIMESTEPS = 1000  # diffusers counts a flow's time from 0 to 1000


def load(config: ModelConfig, device: torch.device, dtype: torch.dtype, upscaler: Upscaler) -> "Starter":
    try:
        model = StarterModel.load(Path(config.source or WEIGHTS), device=device, dtype=dtype)
    except WeightsMissing as error:
        raise EngineStartError(str(error)) from error
    return Starter(_read_traits(config, model), device, model, Sight(model), upscaler)


def _read_traits(config: ModelConfig, model: StarterModel) -> ModelTraits:
    known = model.known_words()
    info = ModelInfo(
        name=config.name,
        family=config.family,
        width=PICTURE * SCALE,
        height=PICTURE * SCALE,
        steps=config.steps or 20,
        supports_negative_prompt=False,
        vocabulary=tuple(word for words in known.values() for word in words),
        scenery=tuple(word for name in (*BACKGROUNDS, "background") for word in known.get(name, ())),
        abilities=ABILITIES,
    )
    guidance_scale = 1.0 if config.guidance_scale is None else config.guidance_scale
    return ModelTraits(info, samplers=("euler",), guidance_scale=guidance_scale, fixed_size=True, reads_rows=True)


@dataclass(frozen=True, slots=True)
class Starter:
    traits: ModelTraits
    device: torch.device
    model: StarterModel
    sight: Sight
    upscaler: Upscaler
    tiles: bool = False

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        return (self.model,)

    def text_length(self, _settings: Settings) -> int:
        return 0

    def encode(self, settings: Settings) -> Conditioning:
        """The empty prompt is what guidance pushes away from."""
        negative = _tensors(self.model.encode([""])) if settings.guidance_scale > 1 else None
        mixture = self.mix(settings)
        unknown = mixture[0][0].unknown
        notes = (f"{self.traits.info.name} does not know: {', '.join(dict.fromkeys(unknown))}.",) if unknown else ()
        return Conditioning(self._encode_mixture(mixture), negative, notes)

    def mix(self, settings: Settings) -> Mixture:
        """Of a start a shade that its seed chooses, or it would only be drawn once more. What noise decides elsewhere
        is style here, so that where noise turns towards another seed's, this model walks through its styles.
        """
        reading, left_open = self.read(settings), self._ways_to_read(settings)[0].open
        if settings.noise_blend is not None:
            strength = 1.0 if settings.start is None else settings.start.strength
            return walk(reading, settings.noise_blend.seed, settings.noise_blend.share, strength, left_open)
        if settings.start is None or settings.mask is not None:
            return ((reading, 1.0),)
        return vary(reading, settings.seed, settings.start.strength, left_open)

    def _encode_mixture(self, mixture: Mixture) -> Tensors:
        told = self.model.encode_readings([reading for reading, _ in mixture])
        shares = torch.tensor([share for _, share in mixture], dtype=told.embeds.dtype, device=self.device)
        return {
            "embeds": torch.einsum("r,rld->ld", shares, told.embeds)[None],
            "mask": told.mask[:1],
            "pooled": (shares @ told.pooled)[None],
        }

    def read(self, settings: Settings) -> Reading:
        """What the prompt leaves open is read off the start, or decided by the seed. A start that is mostly forgotten
        is drawn in another style: nothing else can change there without showing both pictures at once.
        """
        ways = self._ways_to_read(settings)
        if settings.start is None:
            return choose(pick("place", ways, settings.seed), settings.seed, is_tile=settings.tile)
        picture = to_tensor(settings.start.pictures[0], PICTURE, PICTURE)
        mask = None if settings.mask is None else to_mask_tensor(settings.mask, PICTURE, PICTURE)[0, 0].numpy() > 0.5
        near = self.sight.see(ways, picture, mask)
        if "style" in ways[0].open and settings.noise_blend is None and _changes_style(settings):
            return with_style(near, pick("background", other_styles(near), settings.seed))
        return near

    def _ways_to_read(self, settings: Settings) -> list[Reading]:
        """Of a prompt in parts, one for each that may come first: what weighs the same has no order of its own."""
        if not settings.parts:
            return [self.model.vocabulary.read(settings.prompt)]
        parts = [(part.text, part.weight) for part in settings.parts]
        turned = (parts[first:] + parts[:first] for first in range(len(parts)))
        ways = [read_parts(self.model.vocabulary, turn) for turn in turned]
        return list(dict.fromkeys(replace(way, unknown=ways[0].unknown) for way in ways))

    def start_sampler(self, settings: Settings) -> Sampler:
        from diffusers import FlowMatchEulerDiscreteScheduler

        noise_scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=TRAIN_TIMESTEPS)
        strength = settings.strength
        if strength is not None and _changes_style(settings):
            strength = max(strength, FORGOTTEN)
        return start_sampler(noise_scheduler, settings.steps, strength)

    def latent_shape(self, _settings: Settings) -> tuple[int, int, int]:
        return 3, PICTURE, PICTURE

    def encode_image(self, pixels: Pixels, _settings: Settings) -> DrawClean:
        clean = to_tensor(pixels, PICTURE, PICTURE).to(self.device)
        return lambda _: clean

    def encode_masked(self, _settings: Settings) -> None:
        return None

    def denoise(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        dtype = conditioning["embeds"].dtype
        return self.model.denoise(latents.to(dtype), timesteps / TRAIN_TIMESTEPS, StarterConditioning(**conditioning))

    def previews(self, clean_latents: torch.Tensor) -> tuple[Pixels, ...]:
        return to_pixels_of_each(clean_latents)

    def full_precision(self) -> AbstractContextManager[None] | None:
        """A picture that the upscaler cannot make in half precision stays undrawn."""
        return in_float32(self.networks) if is_half(self.model.denoiser) else None

    def tiling(self) -> AbstractContextManager["Starter"]:
        return nullcontext(replace(self, tiles=True))

    def decode(self, latents: torch.Tensor) -> tuple[Pixels, ...]:
        enlarge = self._enlarge_tile if self.tiles else self.upscaler.enlarge
        return tuple(to_pixels(enlarge(row.clamp(-1, 1))) for row in latents.split(1))

    def _enlarge_tile(self, picture: torch.Tensor) -> torch.Tensor:
        """The network knows its canvas by heart, so its edges are made to meet afterwards. Rolling the canvas from step
        to step, which helps other models, tears this one's sceneries into patches.
        """
        margin = self.upscaler.tiling.overlap
        around = torch.nn.functional.pad(periodic_part(picture), (margin,) * 4, mode="circular")
        inside = slice(margin * SCALE, (margin + PICTURE) * SCALE)
        return self.upscaler.enlarge(around)[:, :, inside, inside]


def _changes_style(settings: Settings) -> bool:
    if settings.start is None or settings.mask is not None:
        return False
    return settings.noise_blend is not None or settings.start.strength >= STRONG


def _tensors(conditioning: StarterConditioning) -> Tensors:
    return {"embeds": conditioning.embeds, "mask": conditioning.mask, "pooled": conditioning.pooled}
