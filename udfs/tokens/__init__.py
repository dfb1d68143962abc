"""How many tokens a text has, and which: by a tokenizer that the settings name, or estimated from its bytes."""

from __future__ import annotations

from udfs.tokens.base import Ids, TokenCounter, TokenCounterError, Tokenizer, checked, pieces
from udfs.tokens.estimate import EstimateCounter, Figures, shipped_figures
from udfs.tokens.rank_file import RankTokenizer
from udfs.tokens.tokenizer_json import JsonTokenizer

__all__ = [
    "KINDS",
    "EstimateCounter",
    "Figures",
    "Ids",
    "JsonTokenizer",
    "RankTokenizer",
    "TokenCounter",
    "TokenCounterError",
    "Tokenizer",
    "checked",
    "counter",
    "pieces",
]

KINDS = ("estimate", "tokenizers", "tiktoken")
"""Ways of counting."""


def counter(
    kind: str,
    path: str | None = None,
    *,
    pattern: str | None = None,
    end_of_text: int | str | None = None,
    vocabulary: int | None = None,
) -> TokenCounter:
    """Return the counter that the settings name; of the last two kinds it is a `Tokenizer`.

    Parameters
    ----------
    kind : {"estimate", "tokenizers", "tiktoken"}
        Way of counting.
    path : str, optional
        The ``tokenizer.json`` (Hugging Face format) of kind ``tokenizers``, the rank file of kind ``tiktoken``.
    pattern : str, optional
        Regular expression that cuts a text before the merges of a rank file; Llama 3's where none is given.
    end_of_text : int or str, optional
        Token that ends a text: its id, or its name in a ``tokenizer.json``; without it a usual name is looked for there.
    vocabulary : int, optional
        Size of the model's vocabulary; without it one more than the largest id.

    Raises
    ------
    TokenCounterError
        When the kind is unknown, the file is missing, unreadable or of another form, or its ids do not fit the vocabulary.
    """
    if kind == "estimate":
        return EstimateCounter(shipped_figures())
    if kind not in KINDS:
        raise TokenCounterError(f"mix.counter is {kind!r}; allowed are {', '.join(KINDS)}")
    if not path:
        what = "tokenizer.json" if kind == "tokenizers" else "rank file"
        raise TokenCounterError(f"mix.counter is {kind!r} but no {what} is named; set mix.tokenizer")
    if kind == "tiktoken":
        return RankTokenizer.load(path, pattern=pattern, end_of_text=end_of_text, vocabulary=vocabulary)
    return JsonTokenizer.load(path, end_of_text=end_of_text, vocabulary=vocabulary)
