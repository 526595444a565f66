"""Qwen-VL model folders without weights, which vLLM fills at random (``load_format="dummy"``).

    python tests/kit/models/qwen.py FOLDER [--family qwen2_vl|qwen2_5_vl|qwen3_vl] [--shapes tiny|7b]

Everything but the words is real then: engine, processor, chat template, schema, errors, and with the 7B
shapes the speed. Runs where transformers is installed (``.venv-vllm``).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

_SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
_FIRST_SPECIAL = 151_643  # as published; all ids below are ordinary tokens
_CHAT = """\
{%- for message in messages %}<|im_start|>{{ message.role }}
{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}\
{% if part.type.startswith('image') %}<|vision_start|><|image_pad|><|vision_end|>\
{% elif part.type.startswith('video') %}<|vision_start|><|video_pad|><|vision_end|>\
{% else %}{{ part.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

# Heads of 64: vLLM's attention on a CPU takes 32, 64 or 128.
_TINY_TEXT = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 151_936,
    "tie_word_embeddings": True,
}
_7B_TEXT = {
    "hidden_size": 3584,
    "intermediate_size": 18_944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152_064,
    "tie_word_embeddings": False,
}


def write_model(folder: Path, family: str = "qwen2_vl", shapes: str = "tiny") -> Path:
    """Write the folder and return it."""
    import transformers  # noqa: PLC0415  # in .venv-vllm only

    folder.mkdir(parents=True, exist_ok=True)
    name = {"qwen2_vl": "Qwen2VL", "qwen2_5_vl": "Qwen2_5_VL", "qwen3_vl": "Qwen3VL"}[family]
    special = {token: _FIRST_SPECIAL + n for n, token in enumerate(_SPECIAL)}
    text, vision = _text(family, shapes), _vision(family, shapes)
    config = getattr(transformers, f"{name}Config")(
        text_config=text,
        vision_config=vision,
        image_token_id=special["<|image_pad|>"],
        video_token_id=special["<|video_pad|>"],
        vision_start_token_id=special["<|vision_start|>"],
        vision_end_token_id=special["<|vision_end|>"],
        tie_word_embeddings=text["tie_word_embeddings"],
        architectures=[f"{name}ForConditionalGeneration"],
        dtype="bfloat16",
    )
    config.save_pretrained(folder)
    _processor(transformers, name, _tokenizer(transformers)).save_pretrained(folder)
    end = [special["<|im_end|>"], special["<|endoftext|>"]]
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": end}))
    return folder


def _text(family: str, shapes: str) -> dict[str, Any]:
    text: dict[str, Any] = dict(_7B_TEXT if shapes == "7b" else _TINY_TEXT)
    half_head = 64 if shapes == "7b" else 32
    third = half_head // 8
    rope = {"rope_type": "default", "mrope_section": [2 * third, 3 * third, 3 * third], "rope_theta": 1e6}
    if family == "qwen3_vl":
        text |= {"head_dim": 2 * half_head}
        rope["mrope_interleaved"] = True
    return text | {
        "rope_parameters": rope,
        "max_position_embeddings": 32_768,
        "eos_token_id": _FIRST_SPECIAL + 2,
        "bos_token_id": _FIRST_SPECIAL,
    }


def _vision(family: str, shapes: str) -> dict[str, Any]:
    depth, wide, heads = (32, 1280, 16) if shapes == "7b" else (2, 128, 2)
    out = 3584 if shapes == "7b" else 128
    if family == "qwen2_vl":
        return {"depth": depth, "embed_dim": wide, "num_heads": heads, "hidden_size": out}
    common = {"depth": depth, "hidden_size": wide, "num_heads": heads, "out_hidden_size": out}
    if family == "qwen2_5_vl":
        return common | {"intermediate_size": 2 * wide, "fullatt_block_indexes": [depth - 1]}
    return common | {"intermediate_size": 2 * wide, "deepstack_visual_indexes": [0]}


def _processor(transformers: Any, name: str, tokenizer: Any) -> Any:
    kind = "Qwen3VL" if name == "Qwen3VL" else "Qwen2VL"  # Qwen2.5-VL reads pictures as Qwen2-VL does
    pixels = {"patch_size": 16 if kind == "Qwen3VL" else 14, "temporal_patch_size": 2, "merge_size": 2}
    images = transformers.Qwen2VLImageProcessor(
        **pixels, size={"shortest_edge": 4 * 28**2, "longest_edge": 16_384 * 28**2}
    )
    videos = getattr(transformers, f"{kind}VideoProcessor")(
        **pixels, size={"shortest_edge": 4 * 28**2, "longest_edge": 16_384 * 28**2}
    )
    return getattr(transformers, f"{name}Processor")(
        image_processor=images, tokenizer=tokenizer, video_processor=videos, chat_template=_CHAT
    )


def _tokenizer(transformers: Any) -> Any:
    """Byte pairs learned from this project's own sources, filled up with long made-up words.

    Every other one of these ends a JSON string: so noise that is held to a schema comes to its end.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: PLC0415  # as above

    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    root = Path(__file__).resolve().parents[3]
    sources = [path.read_text(encoding="utf-8") for path in sorted((root / "analyzer").rglob("*.py"))]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=4000, show_progress=False, initial_alphabet=alphabet)
    learned.train_from_iterator(sources, trainer)
    plan = json.loads(learned.to_str())
    vocabulary = plan["model"]["vocab"]
    for n in range(len(vocabulary), _FIRST_SPECIAL):
        vocabulary[f"Ġ{_made_up(n)}" + '"' * (n % 2)] = n
    filled = Tokenizer.from_str(json.dumps(plan))
    filled.decoder = decoders.ByteLevel()
    filled.add_special_tokens(list(_SPECIAL))
    return transformers.Qwen2TokenizerFast(
        tokenizer_object=filled, eos_token=_SPECIAL[2], pad_token=_SPECIAL[0]
    )


def _made_up(n: int) -> str:
    """A word of its own for each number."""
    syllables = ("ba", "ke", "di", "mo", "su", "ra", "le", "ti", "no", "vu")
    return "".join(syllables[int(digit)] for digit in f"{n:06d}")


def main() -> None:
    """Write a folder, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--family", default="qwen2_vl", choices=("qwen2_vl", "qwen2_5_vl", "qwen3_vl"))
    parser.add_argument("--shapes", default="tiny", choices=("tiny", "7b"))
    arguments = parser.parse_args()
    write_model(arguments.folder, arguments.family, arguments.shapes)


if __name__ == "__main__":
    main()
