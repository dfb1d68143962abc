"""Stage ``mix`` in Spark: the same bytes however the work is cut, shares to the document, and an order that is mixed all through."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from jobs.errors import JobError
from jobs.sources.inputs import Split
from jobs.tables import TABLES
from jobs.verify import verify

pytestmark = pytest.mark.spark

Row = dict[str, Any]
DOCUMENTS = 6_000
CLASSES, PARTS = ("general", "math", "code", "multilingual"), (0.6, 0.15, 0.12, 0.13)
SHARES = {"general": 0.5, "math": 0.25, "code": 0.17, "multilingual": 0.08}
BEFORE = ("clean", "route", "score")
ANNEALING = Path(__file__).resolve().parents[2] / "conf" / "annealing.yaml"
TOKENS = ("mix.counter=tokenizers", "mix.tokenizer=model:bpe")


def corpus() -> list[Row]:
    """Documents of log-normal lengths, in four classes and some languages, of two hosts."""
    rng = np.random.default_rng(7)
    kinds = rng.choice(len(CLASSES), DOCUMENTS, p=PARTS).tolist()
    sizes = np.clip(rng.lognormal(4.0, 0.8, DOCUMENTS), 8, 900).astype(int).tolist()
    letters = rng.choice(np.array(list("abcdefghij      \n")), (DOCUMENTS, 900))
    return [
        {
            "id": hashlib.md5(f"mix {n}".encode()).digest(),
            "url": f"https://{('docs.', '')[n % 5 > 0]}example.org/{n}",
            "date": datetime(2026, 1 + n % 3, 1, tzinfo=UTC),
            "lang": ("de", "fr", "sw")[n % 3] if CLASSES[kinds[n]] == "multilingual" else "en",
            "text": "".join(letters[n, : sizes[n]]),
            "class": CLASSES[kinds[n]],
            "bucket": n % 20,
        }
        for n in range(DOCUMENTS)
    ]


def in_files(mill: Any, files: int) -> Any:
    """Hand a run the corpus in so many files, cleaned, routed and scored."""
    mill.splits = tuple(
        Split(hashlib.md5(f"{n}".encode()).hexdigest()[:16], f"/nowhere/{n}", f"{n}.warc", 0, 1, 1, "1") for n in range(files)
    )
    rows = corpus()
    parts = {split.key: [row | {"split": split.key} for row in rows[n::files]] for n, split in enumerate(mill.splits)}
    for stage, names in (("extract", ("documents",)), ("clean", ("cleaned",)), ("route", ("routes",)), ("score", ("quality",))):
        made = {key: {name: table(name, part) for name in names} for key, part in parts.items()}
        mill.publish(stage, made, DOCUMENTS)
    return mill


def table(name: str, rows: Sequence[Row]) -> pa.Table:
    """Rows as a table of a run; columns that they lack are null."""
    return pa.Table.from_pylist([dict.fromkeys(TABLES[name].schema.names) | row for row in rows], TABLES[name].schema)


Mixing = Callable[..., Any]


@pytest.fixture(scope="module")
def mixed(new_mill: Callable[..., Any]) -> Mixing:
    """What `mix` makes of the corpus in so many files with some settings; each is run once."""

    @cache
    def mill(files: int) -> Any:
        return in_files(new_mill({}), files)

    @cache
    def run(files: int, *settings: str) -> Any:
        return mill(files).run("mix", "mix.shard_bytes=100000", *settings, before=BEFORE)

    return run


def digests(made: Any) -> dict[str, str]:
    """Bytes of what a trainer reads: the shards, and what lies beside them."""
    paths = [path for path in made.files["shards"] if path.name.startswith(("shard-", "index"))]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def manifest(made: Any) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads(next(p for p in made.files["shards"] if p.name == "manifest.json").read_text())
    return told


def documents(made: Any) -> list[Row]:
    """All copies in the order of the shards."""
    paths = sorted(path for path in made.files["shards"] if path.suffix == ".parquet")
    return [row for path in paths for row in pq.read_table(path, partitioning=None).to_pylist()]


@pytest.mark.parametrize(
    "settings", [(), (*TOKENS, "mix.format=npy", "mix.pack=true", "mix.sequence_length=256")], ids=["texts", "packed tokens"]
)
def test_the_same_bytes_however_the_work_is_cut(mixed: Mixing, settings: tuple[str, ...]) -> None:
    """One, two and eight files of input, and eight, one and two partitions of Spark's, give the same shards and counts."""
    one, two, eight = (mixed(files, *settings, f"spark.shuffle_partitions={n}") for files, n in ((1, 8), (2, 1), (8, 2)))
    assert len(digests(one)) > 3
    assert digests(one) == digests(two) == digests(eight)
    for what in ("shards", "classes"):
        assert manifest(one)[what] == manifest(two)[what] == manifest(eight)[what]


def test_the_same_manifest_at_other_partitions(mixed: Mixing) -> None:
    """The whole manifest is the same where the input is."""
    one, eight = (mixed(2, f"spark.shuffle_partitions={n}") for n in (1, 8))
    assert digests(one) == digests(eight)
    assert manifest(one) == manifest(eight)


def test_each_class_is_within_one_document_of_its_target(mixed: Mixing) -> None:
    """Tokens by class miss the target by less than the longest document; the whole is as large as the scarcest class allows."""
    made = mixed(2, "spark.shuffle_partitions=1")
    rows, told = documents(made), manifest(made)
    total = sum(row["tokens"] for row in rows)
    for one in told["classes"]:
        mine = [row["tokens"] for row in rows if row["class"] == one["name"]]
        assert sum(mine) == one["tokens_written"]
        assert 0 <= sum(mine) - one["tokens_target"] < max(mine)
        assert abs(sum(mine) / total - SHARES[one["name"]]) < max(mine) / total
    assert verify(made.files["shards"][0].parent).differences == ()


def test_a_larger_mixture_contains_the_smaller_one(mixed: Mixing) -> None:
    """Twice the tokens: every document is there at least as often."""
    few, many = (Counter(row["id"] for row in documents(mixed(2, f"mix.tokens={tokens}"))) for tokens in (40_000, 80_000))
    assert few
    assert all(many[id_] >= n for id_, n in few.items())
    assert sum(many.values()) > sum(few.values())


def test_every_stretch_of_the_output_has_the_shares_of_the_whole(mixed: Mixing) -> None:
    """Classes by stretch of 1,000 documents: what chance allows, in documents (chi-squared) and in their places."""
    rows = documents(mixed(2, "spark.shuffle_partitions=1"))
    order = np.array([CLASSES.index(row["class"]) for row in rows])
    stretches = np.array([np.bincount(part, minlength=4) for part in np.split(order, range(1_000, len(order), 1_000))][:-1])
    assert len(stretches) >= 6
    expected = np.bincount(order, minlength=4) / len(order) * 1_000
    chi = float((((stretches - expected) ** 2) / expected).sum())
    free = 3 * (len(stretches) - 1)
    assert chi < free + 5 * (2 * free) ** 0.5
    assert (np.abs(stretches - expected) < 5 * np.sqrt(expected)).all()
    runs = np.count_nonzero(order[1:] != order[:-1]) / (len(order) - 1)
    assert abs(runs - (1 - ((expected / 1_000) ** 2).sum())) < 5 * (0.25 / len(order)) ** 0.5


def test_sources_and_buckets_have_weights(mixed: Mixing) -> None:
    """A host that weighs nothing is not taken; documents of a bucket that weighs twice as much are twice as frequent."""
    weights = "mix.weights={sources: {docs.example.org: 0}, quality: {10-19: 2, 0-9: 1}}"
    rows = documents(mixed(2, weights, "mix.tokens=30000", "mix.epochs={general: 4, math: 4, code: 4, multilingual: 4}"))
    assert not any("docs." in row["url"] for row in rows)
    tokens = Counter[bool]()
    for row in rows:
        tokens[row["bucket"] >= 10] += row["tokens"]
    assert 1.8 < tokens[True] / tokens[False] < 2.2


def test_the_annealing_mixture_is_of_the_better_half(mixed: Mixing) -> None:
    """The settings of the shipped recipe: its shares, nothing of the lower ten buckets, the best quarter twice as often."""
    given = yaml.safe_load(ANNEALING.read_text("utf-8"))["mix"]
    made = mixed(2, "mix.tokens=20000", *(f"mix.{name}={json.dumps(value)}" for name, value in given.items()))
    rows = documents(made)
    tokens = Counter[tuple[str, bool]]()
    for row in rows:
        tokens[row["class"], row["bucket"] >= 15] += row["tokens"]
    assert min(row["bucket"] for row in rows) == 10
    assert {one["name"]: one["share_target_ppm"] for one in manifest(made)["classes"] if one["tokens_written"]} == {
        "code": 400_000,
        "general": 200_000,
        "math": 400_000,
    }
    assert all(1.7 < tokens[name, True] / tokens[name, False] < 2.3 for name in ("general", "math", "code"))


@pytest.mark.parametrize(("kind", "pack"), [("megatron", True), ("mds", False), ("mds", True), ("npy", False)])
def test_sequences_of_tokens_are_those_of_the_documents(mixed: Mixing, kind: str, pack: bool) -> None:
    """Shards that Spark has written as tokens are what their manifest says, shard by shard and document by document."""
    packed = (f"mix.pack={str(pack).lower()}", "mix.sequence_length=512")
    made = mixed(2, *TOKENS, f"mix.format={kind}", "mix.shard_bytes=20000", "mix.tokens=30000", *packed)
    folder, told = made.files["shards"][0].parent, manifest(made)
    assert verify(folder).differences == ()
    assert len(told["shards"]) > 1
    assert all(shard["sequences"]["altered_documents"] == 0 for shard in told["shards"])
    victim = next(path for path in sorted(folder.iterdir()) if path.name.startswith("shard-") and path.suffix != ".parquet")
    data = victim.read_bytes()
    victim.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert any(victim.name in str(line) for line in verify(folder).differences)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["mix.tokens=100000000"], r"class \w+ has \d+ tokens and is to be .* the largest feasible budget is \d+"),
        (["mix.shares={general: 0.5, math: 0.25, code: 0.17, poetry: 0.08}"], "poetry"),
        (["mix.epochs={general: 1, math: 0, code: 4, multilingual: 4}"], "class math has .* raise its epochs"),
        (["mix.weights.sources={example.org: 0}"], "weights of 0 leave out all of its"),
    ],
)
def test_what_cannot_be_mixed_is_one_line_and_publishes_nothing(
    new_mill: Callable[..., Any], settings: list[str], said: str
) -> None:
    """A budget that is too large, a class that there is not, a cap or weights that leave nothing."""
    mill = in_files(new_mill({}), 1)
    with pytest.raises((JobError, ValueError), match=said) as caught:
        mill.run("mix", *settings, before=BEFORE)
    assert "\n" not in str(caught.value).strip()
    assert mill.store.published("mix") is None
    assert not (mill.root / "mill" / "shards").exists()


def test_a_full_disk_leaves_nothing_that_looks_finished(new_mill: Callable[..., Any]) -> None:
    """Where the file system is full while sequences are written, no shard has its name, and nothing is published."""
    mill = in_files(new_mill({}), 1)
    small = mill.store.stage_dir("mix")
    small.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", small], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this user can't mount a small file system")
    try:
        with pytest.raises(Exception, match="No space left on device"):
            mill.run("mix", *TOKENS, "mix.format=npy", before=BEFORE)
        assert mill.store.published("mix") is None
        assert list(small.glob(".attempt/mixture/*.parquet"))
        assert not list(small.glob(".attempt/shards/shard-*"))
    finally:
        subprocess.run(["umount", "--lazy", small], check=True)
