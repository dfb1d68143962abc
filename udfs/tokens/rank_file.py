"""Tokens of a rank file, the format of OpenAI's package ``tiktoken`` and of Llama 3's ``tokenizer.model``.

A line is a token in base64, a blank, and its rank, which is its id. The file says nothing about how a text is cut before merges and
which token ends it; both are settings.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from udfs.tokens.base import Ids, TokenCounterError, end_id, pieces, printable, size_of

LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Llama 3 cuts a text before merges."""


@dataclass(frozen=True, slots=True)
class RankTokenizer:
    """Counts and makes the tokens of a rank file; no text is a control token."""

    encoding: Any
    digest: str
    vocabulary: int
    end_of_text: int | None

    @classmethod
    def load(
        cls, path: str, *, pattern: str | None = None, end_of_text: int | str | None = None, vocabulary: int | None = None
    ) -> RankTokenizer:
        """Read a rank file; the digest is that of the file and the pattern."""
        try:
            import tiktoken  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise TokenCounterError(
                "mix.counter is 'tiktoken' but that package is not installed; install woolmill[tiktoken]"
            ) from None
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise TokenCounterError(f"mix.tokenizer: cannot read {path} ({error.strerror})") from None
        ranks = read_ranks(content, path)
        cut = pattern or LLAMA3_PATTERN
        try:
            encoding = tiktoken.Encoding(name="ranks", pat_str=cut, mergeable_ranks=ranks, special_tokens={})
        except ValueError as error:
            raise TokenCounterError(f"mix.pattern {cut!r} is no regular expression ({error})") from None
        end = end_id(end_of_text, {}, path)
        size = size_of(vocabulary, max(-1 if end is None else end, *ranks.values()), path)
        return cls(encoding, hashlib.sha256(content + b"\0" + cut.encode()).hexdigest(), size, end)

    @property
    def estimated(self) -> bool:
        """False."""
        return False

    def count(self, text: str, language: str, kind: str) -> int:  # noqa: ARG002
        """Return the number of tokens; language and class do not matter. A lone surrogate counts as a question mark."""
        return sum(len(self.encoding.encode_ordinary(piece)) for piece in pieces(printable(text)))

    def encode(self, text: str) -> Ids:
        """Return the ids of the tokens."""
        parts = [self.encoding.encode_ordinary(piece) for piece in pieces(printable(text))]
        return np.array([i for part in parts for i in part], dtype=np.int32)

    def decode(self, ids: Ids) -> str:
        """Return the text of tokens; bytes that are no UTF-8 become U+FFFD."""
        decoded: bytes = self.encoding.decode_bytes(ids.tolist())
        return decoded.decode("utf-8", "replace")


def read_ranks(content: bytes, path: str) -> dict[bytes, int]:
    """Read the lines of a rank file: token to rank.

    Raises
    ------
    TokenCounterError
        Naming the line that is none, a token or rank that occurs twice, or a byte that no token stands for.
    """
    ranks: dict[bytes, int] = {}
    lines = [(number, line) for number, line in enumerate(content.splitlines(), 1) if line]
    for number, line in lines:
        try:
            token, rank = line.split(b" ")
            ranks[base64.b64decode(token, validate=True)] = int(rank)
        except ValueError:
            shown = line[:40].decode("ascii", "replace")
            raise TokenCounterError(
                f"mix.tokenizer: line {number} of {path} is {shown!r}; a rank file has lines of base64, a blank and a number"
            ) from None
    if len(ranks) < len(lines) or len(set(ranks.values())) < len(lines):
        raise TokenCounterError(f"mix.tokenizer: {path} has a token or a rank twice in its {len(lines)} lines")
    if missing := [byte for byte in range(256) if bytes([byte]) not in ranks]:
        raise TokenCounterError(
            f"mix.tokenizer: {path} has no token for the byte {missing[0]}, so some texts could not be written"
        )
    return ranks
