"""A small RoBERTa from scratch: a byte-level BPE tokenizer trained on the texts, and an encoder of random weights.

Liu et al. 2019, *RoBERTa*; Sennrich et al. 2016 for the byte-pair encoding. What `build` writes is a folder like any other encoder's,
so that all that holds for an encoder from elsewhere holds for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifiers.encoder.extras import need

need("encoder", "building an encoder")

import tokenizers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from tokenizers import decoders, models, pre_tokenizers, processors, trainers  # noqa: E402

from classifiers.encoder.reading import clean  # noqa: E402

SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>"}
"""In the order of their ids."""

_RESERVED = 2
"""RoBERTa's first position is the one after its padding token's id."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of an encoder.

    Parameters
    ----------
    vocabulary : int
        Tokens; at least 261, the bytes and the special tokens.
    units, layers, heads, inner : int
        Width, depth, attention heads, width of the feed-forward part.
    positions : int
        Tokens that it reads at most.
    dropout : float
        Share of units that a training step leaves out.
    """

    vocabulary: int = 8_000
    units: int = 128
    layers: int = 2
    heads: int = 4
    inner: int = 512
    positions: int = 256
    dropout: float = 0.1


def build(texts: Iterable[str], shape: Shape, folder: Path, *, seed: int = 1) -> None:
    """Write an untrained encoder with its own tokenizer.

    Parameters
    ----------
    texts : iterable of str
        What the tokenizer is trained on; the same texts in the same order give the same vocabulary.
    shape : Shape
        The size of the encoder.
    folder : Path
        Where to.
    seed : int
        Of the random weights.

    Raises
    ------
    ValueError
        When the vocabulary has no room for all bytes.
    """
    if shape.vocabulary < (least := 256 + len(SPECIAL)):
        raise ValueError(f"a vocabulary of {shape.vocabulary} tokens has no room for all bytes; it takes {least}")
    made = vocabulary(texts, shape.vocabulary)
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, **SPECIAL).save_pretrained(folder)
    torch.manual_seed(seed)
    transformers.RobertaModel(_config(shape, made), add_pooling_layer=False).save_pretrained(folder)


def vocabulary(texts: Iterable[str], size: int) -> Any:
    """Return a byte-level BPE tokenizer of at most so many tokens, with RoBERTa's frame around a text."""
    made = tokenizers.Tokenizer(models.BPE(unk_token=SPECIAL["unk_token"]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=list(SPECIAL.values()),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator((clean(text) for text in texts), trainer)
    ends = [(token, made.token_to_id(token)) for token in (SPECIAL["bos_token"], SPECIAL["eos_token"])]
    made.post_processor = processors.TemplateProcessing(single=f"{ends[0][0]} $A {ends[1][0]}", special_tokens=ends)
    return made


def _config(shape: Shape, made: Any) -> Any:
    ids = {
        f"{name}_id": made.token_to_id(token)
        for name, token in SPECIAL.items()
        if name in ("bos_token", "pad_token", "eos_token")
    }
    return transformers.RobertaConfig(
        vocab_size=made.get_vocab_size(),
        hidden_size=shape.units,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.positions + _RESERVED,
        hidden_dropout_prob=shape.dropout,
        attention_probs_dropout_prob=shape.dropout,
        type_vocab_size=1,
        **ids,
    )
