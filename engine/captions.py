"""Describes pictures with a captioning model that the operator named: Florence-2, BLIP or Qwen-VL, by transformers' own
classes. Code that comes with a model is never run.

It pauses after each layer of the network, so that nobody's denoising waits for a whole sentence.
"""

import json
import re
import textwrap
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError

from engine.caption_families import CAPTION_FAMILIES, Asking, CaptionFamily
from engine.hub import VARIANTS, fetch_files, is_hub_id
from engine.model_folder import check_network
from engine.protocol import EngineStartError, Pixels
from engine.slices import Slices, in_slices

FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
HEATS = (0.4, 0.7, 0.9, 1.1)
"""Temperatures of the first sentence and the following: from likely to varied."""
LIKELIEST = 50  # tokens that may come next
MAX_TOKENS = 80
MAX_LETTERS = 350
SMALLEST = 28  # pixels: fewer make no patch
TRIES = 3  # a sentence that is to differ from the others

_OPENING = re.compile(
    r"^(?:the|this) (?:image|picture|photo|photograph) (?:shows|depicts|features|is of) ", re.IGNORECASE
)


class NothingSaid(Exception):
    """The model answered with nothing that is text."""


class Captioner:
    def __init__(self, network: Any, family: CaptionFamily, asking: Asking, device: torch.device) -> None:
        self._network = network
        self._family = family
        self._asking = asking
        self._device = device

    def describe(self, pixels: Pixels, count: int, seed: int) -> Slices[tuple[str, ...]]:
        """Raises `NothingSaid`."""
        picture = workable(pixels)
        sentences: dict[str, None] = {}
        for attempt in range(TRIES * count):
            text = yield from self._say(picture, attempt, seed)
            if text:
                sentences[text] = None
            if len(sentences) == count:
                break
        if not sentences:
            raise NothingSaid("the captioning model found no words for this picture")
        return tuple(sentences)

    def _say(self, picture: Image.Image, attempt: int, seed: int) -> Slices[str]:
        question = self._family.questions[attempt % len(self._family.questions)]
        inputs = self._on_device(self._family.ask(self._asking, picture, question))
        choose = Chance(seed * len(HEATS) * TRIES + attempt, HEATS[min(attempt, len(HEATS) - 1)])
        generate = partial(
            self._network.generate,
            **inputs,
            logits_processor=[choose],
            max_new_tokens=MAX_TOKENS,
            num_beams=1,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
        )
        tokens = yield from in_slices(generate, self._network)
        asked = inputs["input_ids"].shape[1] if self._family.echoes else 0
        return tidy(self._asking.tokenizer.decode(tokens[0, asked:], skip_special_tokens=True))

    def _on_device(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        dtype = self._network.dtype
        return {
            name: tensor.to(self._device, dtype if tensor.is_floating_point() else tensor.dtype)
            for name, tensor in inputs.items()
        }


class Chance:
    """Chooses the next token at random, yet the same for the same seed, whoever else draws numbers meanwhile: what is
    likeliest after Gumbel noise is a sample (E. J. Gumbel, "Statistical theory of extreme values", 1954).
    """

    def __init__(self, seed: int, temperature: float) -> None:
        self._generator = torch.Generator().manual_seed(seed % 2**63)
        self._temperature = temperature

    def __call__(self, _: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`scores` [rows, tokens] of what may come next."""
        count = min(LIKELIEST, scores.shape[-1])
        best, which = scores.float().topk(count, dim=-1)
        noise = -torch.empty(best.shape).exponential_(generator=self._generator).log()
        chosen = which.gather(-1, (best / self._temperature + noise.to(best.device)).argmax(dim=-1, keepdim=True))
        return torch.full_like(scores, -torch.inf).scatter(-1, chosen, 0.0)


def load_captioner(source: str, device: torch.device, dtype: torch.dtype) -> Captioner:
    """`source` is a folder or a Hugging Face id. Raises `EngineStartError`."""
    folder = fetch_files(source, FILES, VARIANTS) if is_hub_id(source) else Path(source)
    if not folder.is_dir():
        raise EngineStartError(f"there is no model folder {source}; a Hugging Face id reads owner/name")
    check_network(folder)
    family = _family_of(folder, source)
    try:
        return _load(folder, family, device, dtype)
    except (OSError, ValueError, RuntimeError, LookupError, ImportError, SafetensorError) as error:
        gist = textwrap.shorten(str(error), 300)
        raise EngineStartError(f"the describing model {source} cannot be loaded: {gist}") from error


def _family_of(folder: Path, source: str) -> CaptionFamily:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineStartError(f"{folder / 'config.json'} cannot be read: {error}") from error
    kind = config.get("model_type")
    if kind not in CAPTION_FAMILIES:
        raise EngineStartError(
            f"{source} is of the kind {kind!r}, which describes no pictures here; choose one of "
            f"{', '.join(CAPTION_FAMILIES)}"
        )
    if "auto_map" in config:
        raise EngineStartError(
            f"{source} wants to run code of its own, which is not done here; name one for transformers' own classes, "
            "such as florence-community/Florence-2-base"
        )
    return CAPTION_FAMILIES[kind]


def _load(folder: Path, family: CaptionFamily, device: torch.device, dtype: torch.dtype) -> Captioner:
    import transformers

    transformers.utils.logging.disable_progress_bar()
    local = {"local_files_only": True, "trust_remote_code": False}
    network, report = getattr(transformers, family.network).from_pretrained(
        folder, dtype=dtype, use_safetensors=True, output_loading_info=True, local_files_only=True
    )
    if missing := report["missing_keys"]:
        raise ValueError(f"it lacks {', '.join(sorted(missing)[:3])} and would talk nonsense")
    asking = Asking(
        transformers.AutoImageProcessor.from_pretrained(folder, backend="pil", **local),
        transformers.AutoTokenizer.from_pretrained(folder, **local),
        network.config,
    )
    return Captioner(network.to(device).eval(), family, asking, device)


def workable(pixels: Pixels) -> Image.Image:
    """Patches have a size: a line of pixels is widened."""
    picture = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb)
    size = (max(SMALLEST, picture.width), max(SMALLEST, picture.height))
    return picture if picture.size == size else picture.resize(size, Image.Resampling.BICUBIC)


def tidy(text: str) -> str:
    """One line without the words that models begin with, cut after a sentence or a word."""
    readable = "".join(
        letter if letter.isprintable() else " " for letter in text.replace("\N{REPLACEMENT CHARACTER}", "")
    )
    line = _OPENING.sub("", " ".join(readable.split()).strip(" \"'"))
    if len(line) > MAX_LETTERS:
        line = line[:MAX_LETTERS].rpartition(". ")[0] or line[:MAX_LETTERS].rpartition(" ")[0]
    return line.rstrip(" .")
