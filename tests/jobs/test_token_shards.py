"""Shards of token sequences: written from texts with their documents beside them, checked, and refused where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifiers.registry import sha256_of
from conf.schema import Mix
from jobs.errors import JobError, OutOfBalance
from jobs.shards import shard_part, take_facts
from jobs.tables import TABLES
from jobs.token_shards import TokenPart, problems, token_files, write_index
from jobs.tokenizing import token_counter, tokenizer, versions
from udfs.sequences import read_documents
from udfs.tokens import TokenCounterError

pytest.importorskip("tokenizers")

NAME = "shard-00000-of-00001"
SCHEMA = TABLES["shards"].schema
TEXTS = ["Wool is spun into yarn.", "", "def f(x):\n    return x", "naïve 漢字 \U0001f411", "the sheep " * 300, "<|end_of_text|>"]


def mix(**changes: Any) -> Mix:
    return Mix(counter="tokenizers", tokenizer="model:bpe", **changes)


def batch(texts: list[str], more: int = 0) -> pa.RecordBatch:
    """Return the rows of some texts, their tokens counted and some more."""
    tokens = tokenizer(mix())
    rows = [
        {
            "id": bytes([i]) * 16,
            "copy": 0,
            "class": "code" if i % 3 == 2 else "general",
            "lang": "de" if i % 2 else "en",
            "url": f"https://example.org/{i}",
            "tokens": tokens.count(text, "", "") + 1 + more,
            "text": text,
        }
        for i, text in enumerate(texts)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def make(folder: Path, settings: Mix, rows: pa.RecordBatch | None = None) -> dict[str, Any]:
    """Write one shard and return its entry in a manifest."""
    part = shard_part(settings)(folder / NAME, SCHEMA)
    rows = rows or batch(TEXTS)
    part.write(rows.slice(0, 2))
    part.write(rows.slice(2))
    entry = part.close()
    facts = take_facts(folder)
    write_index(folder, facts)
    return {"file": entry.name, "format": settings.format, "rows": entry.rows} | facts[entry.name]


def names(shard: dict[str, Any]) -> list[str]:
    return [one["file"] for one in shard["files"]]


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("kind", ["megatron", "mds", "npy"])
def test_texts_come_back_from_a_shard(tmp_path: Path, kind: str, pack: bool) -> None:
    """Tokens of a shard give the texts back, its table names their documents, and the check finds nothing."""
    settings = mix(format=kind, pack=pack, sequence_length=64, window=128)
    shard = make(tmp_path, settings)
    back = [tokenizer(settings).decode(ids[:-1]) for ids in read_documents(kind, tmp_path / NAME, packed=pack)]
    assert back == TEXTS
    table = pq.read_table(tmp_path / shard["file"])
    assert table.schema.names == SCHEMA.names
    assert table.column("text").null_count == 6
    assert [row["url"] for row in table.to_pylist()] == [f"https://example.org/{i}" for i in range(6)]
    assert list(problems(tmp_path, shard)) == []
    assert {path.name for path in tmp_path.iterdir()} == {
        shard["file"],
        *names(shard),
        *(["index.json"] if kind == "mds" else []),
    }
    assert shard["sequences"]["altered_documents"] == 0
    assert shard["sequences"]["tokens"] == sum(table.column("tokens").to_pylist()) == sum(shard["tokens"].values())
    assert shard["sequences"]["length"] == (64 if pack else None)
    told = shard["sequences"]
    assert told["efficiency_ppm"] == (1_000_000 * told["tokens"] // (64 * told["sequences"]) if pack else 1_000_000)
    assert not pack or told["sequences"] - 2 <= -(-told["tokens"] // 64) <= told["sequences"]
    first = {name: sha256_of(tmp_path / name) for name in [shard["file"], *names(shard)]}
    make(tmp_path, settings)
    assert {name: sha256_of(tmp_path / name) for name in first} == first


def test_counts_by_class_and_language(tmp_path: Path) -> None:
    """Documents, tokens and characters are counted by class and language in every format."""
    for settings in (mix(), mix(format="npy"), mix(format="jsonl.zst")):
        shard = make(tmp_path, settings)
        assert shard["texts"]["code"]["en"] == {
            "documents": 1,
            "tokens": shard["texts"]["code"]["en"]["tokens"],
            "characters": 22,
        }
        assert shard["documents"] == {"general": 4, "code": 2}
        assert sum(lang["characters"] for cls in shard["texts"].values() for lang in cls.values()) == sum(map(len, TEXTS))
        assert {cls: sum(lang["tokens"] for lang in langs.values()) for cls, langs in shard["texts"].items()} == shard["tokens"]


def test_all_files_are_told_and_mds_has_an_index(tmp_path: Path) -> None:
    """Every file beside the table has name, size and digest, and the index lists the files of all shards in order."""
    for number in range(2):
        part = shard_part(mix(format="mds"))(tmp_path / f"shard-{number:05d}-of-00002", SCHEMA)
        part.write(batch(TEXTS))
        part.close()
    facts = take_facts(tmp_path)
    entries = [*token_files(facts), *write_index(tmp_path, facts)]
    assert [entry.name for entry in entries] == [*(f"shard-{n:05d}-of-00002.00000.mds.zstd" for n in range(2)), "index.json"]
    assert all((e.bytes, e.sha256) == ((tmp_path / e.name).stat().st_size, sha256_of(tmp_path / e.name)) for e in entries)
    shards = json.loads((tmp_path / "index.json").read_text())["shards"]
    assert [(s["zip_data"]["basename"], s["samples"]) for s in shards] == [(entry.name, 6) for entry in entries[:2]]
    assert token_files({"a.parquet": {"documents": {}}}) == write_index(tmp_path, {"a.parquet": {"documents": {}}}) == []


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("kind", ["megatron", "mds", "npy"])
def test_the_check_survives_any_damage(tmp_path: Path, kind: str, pack: bool) -> None:
    """Whatever byte of whatever file is flipped, and wherever one is cut, the check says lines and raises nothing."""
    shard = make(tmp_path, mix(format=kind, pack=pack, sequence_length=64, window=128), batch(TEXTS[:4]))
    said = 0
    for name in names(shard):
        path = tmp_path / name
        good = path.read_bytes()
        for at in range(0, len(good), 1 + len(good) // 60):
            for bad in (good[:at] + bytes([good[at] ^ 0x81]) + good[at + 1 :], good[:at]):
                path.write_bytes(bad)
                said += len(list(problems(tmp_path, shard)))
        path.write_bytes(good)
    assert said > 60
    assert list(problems(tmp_path, shard)) == []


def test_what_the_check_finds(tmp_path: Path) -> None:
    """A changed token, length, count, table or file is told in one line with the name of the shard."""
    shard = make(tmp_path, mix(format="npy"))
    ids, ends = tmp_path / f"{NAME}.npy", tmp_path / f"{NAME}.ends.npy"
    good_ids, good_ends, table = np.load(ids), np.load(ends), pq.read_table(tmp_path / shard["file"])

    def said(told: dict[str, Any] = shard) -> str:
        lines = list(problems(tmp_path, told))
        np.save(ids, good_ids)
        np.save(ends, good_ends)
        pq.write_table(table, tmp_path / shard["file"])
        assert all("\n" not in line for line in lines)
        return "; ".join(lines)

    for value, expected in ((4096, "document 0: an id of 4096 with a vocabulary of 4096"), (0, r"is at \[1, ")):
        np.save(ids, np.concatenate([good_ids[:1], [value], good_ids[2:]]).astype(np.uint16))
        assert pytest.importorskip("re").search(expected, said())
    np.save(ends, good_ends + np.array([-1, 0, 0, 0, 0, 0]))
    assert "document 0: " in said()
    np.save(ends, good_ends[1:])
    assert "6 sequences expected, 5 found" in said()
    pq.write_table(table.slice(1), tmp_path / shard["file"])
    assert "6 documents expected, 5 found" in said()
    ids.write_bytes(b"")
    assert "is no array of NumPy" in said()
    ids.unlink()
    assert "No such file" in said()
    assert said() == ""
    assert "7 sequences expected, 6 found" in said(shard | {"sequences": shard["sequences"] | {"sequences": 7}})


def test_counts_that_do_not_fit_end_the_run(tmp_path: Path) -> None:
    """A document with other tokens than were planned with, as of a changed tokenizer, is a fault."""
    with pytest.raises(OutOfBalance, match=rf"{NAME}: a document was counted at \d+ tokens and has \d+"):
        make(tmp_path, mix(format="npy"), batch(TEXTS, more=1))
    assert not [path for path in tmp_path.iterdir() if not path.name.startswith(".")]


def test_text_that_would_end_a_text(tmp_path: Path) -> None:
    """A tokenizer that makes its end of text from a page's text is told, not written."""
    settings = mix(format="npy", end_of_text=50)
    assert 50 in tokenizer(settings).encode("".join(map(chr, range(33, 127))))
    part = TokenPart(tmp_path / NAME, settings)
    with pytest.raises(JobError, match=r"mix\.tokenizer makes its token 50"):
        part.write(batch(["".join(map(chr, range(33, 127)))]))


def test_the_tokenizer_of_a_recipe(tmp_path: Path) -> None:
    """The shipped tokenizer is found by name; settings that do not fit are refused; its package is part of the fingerprint."""
    assert token_counter(mix()) is tokenizer(mix())
    assert set(versions(mix())) == {"tokens", "tokenizers"}
    assert set(versions(Mix())) == {"tokens"}
    with pytest.raises(TokenCounterError, match=r"mix\.vocabulary is 4095"):
        tokenizer(mix(vocabulary=4095))
    with pytest.raises(TokenCounterError, match="need a tokenizer"):
        tokenizer(Mix())
    with pytest.raises(TokenCounterError, match=r"mix\.tokenizer is model:nope: there is no model 'nope'; there are .*bpe"):
        tokenizer(Mix(counter="tokenizers", tokenizer="model:nope"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"format": "mds"}, "mix.format=mds needs a tokenizer"),
        ({"pack": True}, "mix.pack needs sequences of tokens; with mix.format=parquet"),
        ({"counter": "tiktoken"}, "mix.counter=tiktoken needs mix.tokenizer, the path of a rank file"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    """Formats of tokens need a tokenizer, and packing needs them."""
    with pytest.raises(ValueError, match=message):
        Mix(**settings)
