"""Tokens of a ``tokenizer.json``, the format of Hugging Face's package ``tokenizers``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from udfs.tokens.base import Ids, TokenCounterError, end_id, pieces, printable, size_of


@dataclass(frozen=True, slots=True)
class JsonTokenizer:
    """Counts and makes the tokens of a ``tokenizer.json``, without any that it would add to a text."""

    tokenizer: Any
    digest: str
    vocabulary: int
    end_of_text: int | None

    @classmethod
    def load(cls, path: str, *, end_of_text: int | str | None = None, vocabulary: int | None = None) -> JsonTokenizer:
        """Read a tokenizer; what the file says about truncation, padding and control tokens is left out.

        With the control tokens in, a page that writes ``<|end_of_text|>`` would hold one, and a stored truncation would cap
        every count without a word.
        """
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise TokenCounterError(
                "mix.counter is 'tokenizers' but that package is not installed; install woolmill[tokenizers]"
            ) from None
        try:
            content = Path(path).read_bytes()
            model = json.loads(content)
            added = {token["content"]: int(token["id"]) for token in model.get("added_tokens") or ()}
            model.update(added_tokens=[], truncation=None, padding=None, post_processor=None)
            tokenizer = Tokenizer.from_str(json.dumps(model))
        except OSError as error:
            raise TokenCounterError(f"mix.tokenizer: cannot read {path} ({error.strerror})") from None
        except Exception as error:  # the package raises bare Exception for whatever it cannot parse
            raise TokenCounterError(f"mix.tokenizer: {path} is not a tokenizer.json ({error})") from None
        ids = tokenizer.get_vocab() | added
        end = end_id(end_of_text, ids, path)
        size = size_of(vocabulary, max([-1 if end is None else end, *ids.values()]), path)
        return cls(tokenizer, hashlib.sha256(content).hexdigest(), size, end)

    @property
    def estimated(self) -> bool:
        """False."""
        return False

    def count(self, text: str, language: str, kind: str) -> int:  # noqa: ARG002
        """Return the number of tokens; language and class do not matter. A lone surrogate counts as a question mark."""
        return sum(len(self._ids(piece)) for piece in pieces(printable(text)))

    def encode(self, text: str) -> Ids:
        """Return the ids of the tokens."""
        return np.array([i for piece in pieces(printable(text)) for i in self._ids(piece)], dtype=np.int32)

    def decode(self, ids: Ids) -> str:
        """Return the text of tokens; a control token has none."""
        return str(self.tokenizer.decode(ids.tolist(), skip_special_tokens=False))

    def _ids(self, piece: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(piece, add_special_tokens=False).ids
        return ids
