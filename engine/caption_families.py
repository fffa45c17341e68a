"""How each family of captioning models is asked what is in a picture. Knows tokens; nothing of slices or requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

Inputs = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Asking:
    """What it takes to put a question to a model."""

    image_processor: Any
    tokenizer: Any
    config: Any

    def seen(self, picture: Image.Image) -> Inputs:
        return dict(self.image_processor(images=[picture], return_tensors="pt"))

    def read(self, text: str, *, adds_ends: bool = True) -> Inputs:
        tokens = self.tokenizer(text, return_tensors="pt", add_special_tokens=adds_ends)
        return {"input_ids": tokens["input_ids"], "attention_mask": tokens["attention_mask"]}


Ask = Callable[[Asking, Image.Image, str], Inputs]


@dataclass(frozen=True, slots=True)
class CaptionFamily:
    """`network` is transformers' own class. `questions` take turns, so that answers differ. `echoes` the question: the
    answer's tokens begin with it.
    """

    network: str
    questions: tuple[str, ...]
    ask: Ask
    echoes: bool = False


def _ask_florence(asking: Asking, picture: Image.Image, question: str) -> Inputs:
    tokenizer = asking.tokenizer
    image_token = tokenizer.convert_ids_to_tokens(asking.config.image_token_id)
    places = image_token * asking.image_processor.image_seq_length
    text = f"{places}{tokenizer.bos_token}{question}{tokenizer.eos_token}"
    return asking.seen(picture) | asking.read(text, adds_ends=False)


def _ask_blip(asking: Asking, picture: Image.Image, question: str) -> Inputs:
    """The question is the answer's beginning; without one it begins by itself."""
    return asking.seen(picture) | (asking.read(question) if question else {})


def _ask_qwen(asking: Asking, picture: Image.Image, question: str) -> Inputs:
    seen, merged = asking.seen(picture), asking.image_processor.merge_size**2
    image_token = asking.tokenizer.convert_ids_to_tokens(asking.config.image_token_id)
    places = image_token * (int(seen["image_grid_thw"][0].prod()) // merged)
    text = (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        f"<|im_start|>user\n<|vision_start|>{places}<|vision_end|>{question}<|im_end|>\n<|im_start|>assistant\n"
    )
    read = asking.read(text)
    kinds = (read["input_ids"] == asking.config.image_token_id).long()
    return seen | read | {"mm_token_type_ids": kinds}


_FLORENCE = CaptionFamily(
    "Florence2ForConditionalGeneration",
    (
        "Describe in detail what is shown in the image.",
        "What does the image describe?",
        "Describe with a paragraph what is shown in the image.",
    ),
    _ask_florence,
)
_BLIP = CaptionFamily("BlipForConditionalGeneration", ("", "a picture of", "a scene with", "a view of"), _ask_blip)
_QWEN_QUESTIONS = (
    "Write a prompt of one sentence for an image generator that would draw this picture. Answer with the prompt only.",
    "Describe this picture in one sentence: what is to be seen, and where.",
    "Write a short prompt for this picture as a list of phrases: subject, surroundings, style, light, colours.",
    "Describe the style, the mood and the subject of this picture in one sentence.",
)

CAPTION_FAMILIES: Mapping[str, CaptionFamily] = {
    "florence2": _FLORENCE,
    "blip": _BLIP,
    "qwen2_vl": CaptionFamily("Qwen2VLForConditionalGeneration", _QWEN_QUESTIONS, _ask_qwen, echoes=True),
    "qwen2_5_vl": CaptionFamily("Qwen2_5_VLForConditionalGeneration", _QWEN_QUESTIONS, _ask_qwen, echoes=True),
}
"""By the `model_type` that a model's config.json has."""
