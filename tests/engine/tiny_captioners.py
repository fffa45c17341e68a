"""Captioning models of the real classes with a few random numbers, saved as a self-hoster's folders are."""

import string
from pathlib import Path
from typing import Any

VISIBLE = 4
"""Places that a picture takes among Florence's tokens."""
QWEN = {"2": "Qwen2VL", "2.5": "Qwen2_5_VL"}


def save_florence(folder: Path) -> Path:
    import torch
    from transformers import CLIPImageProcessorPil, Florence2Config, Florence2ForConditionalGeneration, RobertaTokenizer

    torch.manual_seed(5)
    special = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "<image>": 5}
    tokenizer = RobertaTokenizer(vocab=_bytes(special), merges=[], extra_special_tokens={"image_token": "<image>"})
    text = {
        "model_type": "bart",
        "vocab_size": len(tokenizer),
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "max_position_embeddings": 256,
    }
    vision = {
        "depths": (1, 1, 1, 1),
        "embed_dim": (8, 8, 8, 8),
        "num_heads": (1, 1, 1, 1),
        "num_groups": (1, 1, 1, 1),
        "window_size": 2,
        "projection_dim": 32,
        "max_position_embeddings": 8,
    }
    config = Florence2Config(text_config=text, vision_config=vision, image_token_id=5)
    network = Florence2ForConditionalGeneration(config)
    image_processor = CLIPImageProcessorPil(
        size={"height": 64, "width": 64}, do_center_crop=False, image_seq_length=VISIBLE + 1
    )
    return _save(folder, network, image_processor, tokenizer)


def save_blip(folder: Path) -> Path:
    import torch
    from transformers import BertTokenizer, BlipConfig, BlipForConditionalGeneration, BlipImageProcessorPil

    torch.manual_seed(6)
    letters = string.ascii_lowercase
    words = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters))
    tokenizer = BertTokenizer(vocab={word: index for index, word in enumerate(words)})
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = small | {
        "vocab_size": len(words),
        "encoder_hidden_size": 16,
        "bos_token_id": 2,
        "sep_token_id": 3,
        "eos_token_id": 3,
        "pad_token_id": 0,
    }
    vision = small | {"image_size": 32, "patch_size": 16, "initializer_range": 0.02}
    network = BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision))
    return _save(folder, network, BlipImageProcessorPil(size={"height": 32, "width": 32}), tokenizer)


def save_qwen(folder: Path, version: str) -> Path:
    """`version` is "2" or "2.5"."""
    import torch
    import transformers
    from transformers import Qwen2Tokenizer, Qwen2VLImageProcessorPil

    torch.manual_seed(7)
    names = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>")
    special = {name: index for index, name in enumerate((*names, "<|video_pad|>"))}
    tokenizer = Qwen2Tokenizer(vocab=_bytes(special), merges=[], additional_special_tokens=list(special))
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
    }
    own = {"embed_dim": 32, "hidden_size": 32} if version == "2" else {"hidden_size": 32, "out_hidden_size": 32}
    more = {} if version == "2" else {"intermediate_size": 32, "fullatt_block_indexes": [1], "window_size": 56}
    config = getattr(transformers, f"{QWEN[version]}Config")(
        text_config=text,
        vision_config={"depth": 2, "num_heads": 2, **own, **more},
        image_token_id=special["<|image_pad|>"],
        video_token_id=special["<|video_pad|>"],
        vision_start_token_id=special["<|vision_start|>"],
        vision_end_token_id=special["<|vision_end|>"],
    )
    network = getattr(transformers, f"{QWEN[version]}ForConditionalGeneration")(config)
    return _save(folder, network, Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=112 * 112), tokenizer)


def _bytes(special: dict[str, int]) -> dict[str, int]:
    """One token a byte, written as byte-level tokenizers do."""
    from tokenizers.pre_tokenizers import ByteLevel

    return special | {letter: len(special) + index for index, letter in enumerate(sorted(ByteLevel.alphabet()))}


def _save(folder: Path, network: Any, image_processor: Any, tokenizer: Any) -> Path:
    network.save_pretrained(folder)
    image_processor.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
