"""Whisper models of made-up words: everything but the words is real then.

For vLLM a folder without weights, which it fills at random (``load_format="dummy"``); that is written where
transformers is installed (``.venv-vllm``). For faster-whisper a folder with random weights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# As published for the multilingual models: the text's tokens, then the special ones in this order.
_TEXT_TOKENS = 50_257
_LANGUAGES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg "
    "lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so "
    "af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
)
_TASKS = ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")
SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{language}|>" for language in _LANGUAGES.split()),
    *(f"<|{task}|>" for task in _TASKS),
    *(f"<|{n / 50:.2f}|>" for n in range(1501)),
)
_SIZE = {
    "vocab_size": _TEXT_TOKENS + len(SPECIAL),
    "num_mel_bins": 80,
    "d_model": 128,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 256,
    "decoder_ffn_dim": 256,
    "max_source_positions": 1500,
    "max_target_positions": 448,
}


def tokenizer() -> Any:
    """Byte pairs of made-up words, and Whisper's special tokens at the places where it has them."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415  # an extra

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: n for n, letter in enumerate(letters)}
    for n in range(len(letters), _TEXT_TOKENS):
        vocabulary[f"Ġ{_made_up(n)}"] = n
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return made


def _made_up(n: int) -> str:
    """A word of its own for each number."""
    syllables = ("ba", "ke", "di", "mo", "su", "ra", "le", "ti", "no", "vu")
    return "".join(syllables[int(digit)] for digit in f"{n:06d}")


def write_random(folder: Path, *, width: int = 32) -> Path:
    """Write a folder for faster-whisper with random weights: one layer, in CTranslate2's format."""
    import numpy as np  # noqa: PLC0415  # as above
    from ctranslate2.specs import whisper_spec  # noqa: PLC0415  # an extra

    rng = np.random.default_rng(7)

    def noise(*shape: int) -> Any:
        return rng.normal(0.0, 0.1, shape).astype(np.float32)

    def fill(layer: Any, *sizes: tuple[int, int]) -> None:
        """Fill the linear layers, each of (outputs, inputs), with the norm before them."""
        layer.layer_norm.gamma, layer.layer_norm.beta = noise(width) + 1, noise(width)
        linear = getattr(layer, "linear", None) or [layer.linear_0, layer.linear_1]
        for each, size in zip(linear, sizes, strict=True):
            each.weight, each.bias = noise(*size), noise(size[0])

    spec = whisper_spec.WhisperSpec(1, 1, 1, 1)
    encoder, decoder = spec.encoder, spec.decoder
    for conv, inputs in ((encoder.conv1, 80), (encoder.conv2, width)):
        conv.weight, conv.bias = noise(width, inputs, 3), noise(width)
    for coder, places in ((encoder, 1500), (decoder, 448)):
        coder.position_encodings.encodings = noise(places, width)
        coder.layer_norm.gamma, coder.layer_norm.beta = noise(width) + 1, noise(width)
        fill(coder.layer[0].self_attention, (3 * width, width), (width, width))
        fill(coder.layer[0].ffn, (2 * width, width), (width, 2 * width))
    fill(decoder.layer[0].attention, (width, width), (2 * width, width), (width, width))
    tokens = _TEXT_TOKENS + len(SPECIAL)
    decoder.embeddings.weight = decoder.projection.weight = noise(tokens, width)
    # The end is likelier than any word: fewer sentences go on for as long as the model has places.
    decoder.projection.bias = np.zeros(tokens, np.float32)
    decoder.projection.bias[_TEXT_TOKENS] = 2.5
    made = tokenizer()
    spec.register_vocabulary([made.id_to_token(n) for n in range(tokens)])
    spec.config.lang_ids = [_TEXT_TOKENS + 2 + n for n in range(len(_LANGUAGES.split()))]
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [_TEXT_TOKENS]
    spec.config.alignment_heads = [(0, 0)]
    folder.mkdir(parents=True, exist_ok=True)
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
    made.save(str(folder / "tokenizer.json"))
    return folder


def write_model(folder: Path) -> Path:
    """Write the folder and return it."""
    import transformers  # noqa: PLC0415  # in .venv-vllm only

    folder.mkdir(parents=True, exist_ok=True)
    first = {token: _TEXT_TOKENS + n for n, token in enumerate(SPECIAL)}
    ends = first["<|endoftext|>"]
    config = transformers.WhisperConfig(
        **_SIZE,
        bos_token_id=ends,
        eos_token_id=ends,
        pad_token_id=ends,
        decoder_start_token_id=first["<|startoftranscript|>"],
        architectures=["WhisperForConditionalGeneration"],
        dtype="float32",
    )
    config.save_pretrained(folder)
    made = folder / "tokenizer.json"
    tokenizer().save(str(made))
    kind = getattr(transformers, "WhisperTokenizerFast", None) or transformers.WhisperTokenizer
    ended = dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), SPECIAL[0])
    named = kind(tokenizer_file=str(made), **ended)
    features = transformers.WhisperFeatureExtractor(feature_size=80)
    transformers.WhisperProcessor(features, named).save_pretrained(folder)
    (folder / "generation_config.json").write_text(
        json.dumps({"eos_token_id": ends, "decoder_start_token_id": first["<|startoftranscript|>"]})
    )
    return folder
