"""Train the small tokenizer that ships: ``python -m classifiers.bpe --run runs/demo``, after ``make demo``.

Byte-level BPE with Llama 3's cut of texts, so that every text has tokens and they give it back. It is for tests, demonstrations and
trying out formats: of a few hundred kilobytes of English documentation, it knows little of anything else. The same texts give the
same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from classifiers.registry import Card, folder, sha256_of
from udfs.tokens import JsonTokenizer
from udfs.tokens.rank_file import LLAMA3_PATTERN

NAME = "bpe"
FILE = "bpe.tokenizer"
"""Not ``.json``: in the folder of models those are cards."""

VOCABULARY = 4096
END_OF_TEXT = "<|end_of_text|>"


def train(texts: Sequence[str], vocabulary: int = VOCABULARY) -> str:
    """Return the ``tokenizer.json`` of a tokenizer trained on texts; id 0 ends a text, the 256 bytes follow."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    by_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3_PATTERN), "isolated"), by_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return str(tokenizer.to_str(pretty=False))


def main(argv: Sequence[str] | None = None) -> int:
    """Train on the texts of a run that a mixture may take, and write the tokenizer and its card."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--run", type=Path, default=Path("runs/demo"), help="a finished run")
    parser.add_argument("--out", type=Path, default=None, help="folder to write to; by default that of the shipped models")
    arguments = parser.parse_args(argv)
    paths = sorted(arguments.run.glob("cleaned/*.parquet"))
    if not paths:
        print(f"there is no finished run in {arguments.run}; make demo writes one to runs/demo", file=sys.stderr)
        return 2
    # What rules drop, such as a page of one endless word, would take minutes and teach nothing.
    left = {row["id"] for path in arguments.run.glob("mixture/*.parquet") for row in _rows(path, "id")}
    rows = [(row["id"], row["text"]) for path in paths for row in _rows(path, "id", "text")]
    texts = [text for id_, text in sorted(rows) if id_ in left]
    out = arguments.out or folder()
    path = out / FILE
    path.write_text(train(texts), encoding="utf-8")
    used = {str(one.relative_to(arguments.run.parent)): sha256_of(one) for one in paths}
    (out / f"{NAME}.json").write_text(card(path, used, texts).to_json(), encoding="utf-8")
    return 0


def _rows(path: Path, *columns: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path, columns=list(columns), partitioning=None).to_pylist()
    return rows


def card(path: Path, used: Mapping[str, str], texts: Sequence[str]) -> Card:
    """Describe a trained tokenizer.

    Parameters
    ----------
    path : Path
        The tokenizer.
    used : mapping of str to str
        Digests of the files that its texts are from.
    texts : sequence of str
        The texts.
    """
    tokenizer = JsonTokenizer.load(str(path))
    characters = sum(map(len, texts))
    tokens = sum(tokenizer.count(text, "", "") for text in texts)
    return Card(
        name=NAME,
        file=FILE,
        kind="tokenizer",
        sha256=sha256_of(path),
        purpose="A small byte-level BPE tokenizer (tokenizer.json of Hugging Face's tokenizers) to try token counts and formats with. "
        "Every text has tokens and comes back from them; for a model, name that model's own tokenizer.",
        labels=(),
        training_data=tuple(
            {"file": name, "sha256": sha, "use": "texts that the mixture may take"} for name, sha in used.items()
        ),
        seed=None,
        parameters={"vocabulary": tokenizer.vocabulary, "end_of_text": END_OF_TEXT, "pattern": "Llama 3's"},
        metrics={
            "documents": len(texts),
            "characters": characters,
            "characters_per_token_of_its_own_texts": f"{characters / tokens:.2f}",
        },
        licence="Apache-2.0 for the merges; the texts are those of tests/data/sample_crawl, whose licences are in NOTICE",
        source="trained here on the texts that the demo extracts and cleans from tests/data/sample_crawl, and its rules keep",
        command="python -m classifiers.bpe --run runs/demo",
    )


if __name__ == "__main__":
    sys.exit(main())
