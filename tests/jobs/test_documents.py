"""Near-duplicates of a made-up corpus through the stage itself, against plain Python over the same sketches."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import networkx as nx
import numpy as np
import pytest

from conf.schema import Documents
from jobs import documents
from jobs.command import run_recipe
from jobs.dedup.candidates import source_of
from jobs.errors import JobError
from jobs.tools import sketch_settings
from udfs.sketch import shingle_hashes, similarity, sketch

pytestmark = pytest.mark.spark

FILES = ("crawl-a-001.parquet", "crawl-a-002.parquet", "crawl-b-001.parquet", "other-1.parquet", "empty-1.parquet")
CHAIN, TWIN, FAMILY, EMPTY = (1, 2, 3), (11, 12, 13), (21, 22, 23, 24, 25), (31, 32, 33)

Row = dict[str, Any]
Placed = list[tuple[str, Any]]


def _words(rng: random.Random, n: int) -> list[str]:
    return [f"w{rng.randrange(10**9)}" for _ in range(n)]


def _family(rng: random.Random, n: int, length: int, changed: int) -> Iterator[str]:
    """Texts with the same beginning and some words of their own at the end."""
    common = _words(rng, length - changed)
    return (" ".join([*common, *_words(rng, changed)]) for _ in range(n))


@pytest.fixture(scope="module")
def corpus(doc: Any) -> Placed:
    """File and document: a chain of revisions, copies of a near-duplicate, a family, texts without words, windows, and others."""
    rng = random.Random(7)
    a, b, c, other, _ = FILES
    stock = _words(rng, 3000)
    chain = [" ".join(stock[40 * i : 40 * i + 400]) for i in range(3)]
    best, worse = _family(rng, 2, 300, 12)
    found: Placed = [
        *((a, doc(CHAIN[0], chain[0], day=9)), (b, doc(CHAIN[1], chain[1], day=8)), (c, doc(CHAIN[2], chain[2], day=7))),
        # A document, a near-duplicate of it, and a copy of that one with other case and punctuation.
        *((a, doc(TWIN[0], best, day=9)), (a, doc(TWIN[1], worse, day=8))),
        (b, doc(TWIN[2], worse.upper().replace(" ", ", "), day=7)),
        *((FILES[n % 3], doc(n, text, day=n - 10)) for n, text in zip(FAMILY, _family(rng, 5, 300, 8), strict=True)),
        *((c, doc(n, text)) for n, text in zip(EMPTY, ("", "", " !!! "), strict=True)),
    ]
    for n in range(100, 150):
        start = 500 + rng.randrange(1500)
        text = " ".join(stock[start : start + rng.choice((150, 200, 400))])
        found.append((rng.choice(FILES[:3]), doc(n, text, day=rng.choice((None, 1, 2)), truncated=rng.random() < 0.2)))
    found += [(rng.choice(FILES[:3]), doc(300 + n, found[n][1].text.title(), day=3)) for n in range(20, 30)]
    found += [(other, doc(n, " ".join(_words(rng, 60)))) for n in range(200, 210)]
    assert len({one.number for _, one in found}) == len(found)
    return found


@pytest.fixture(scope="module")
def mill(new_mill: Callable[..., Any], corpus: Placed) -> Any:
    return new_mill({file: [one for place, one in corpus if place == file] for file in FILES})


def _order(placed: tuple[str, Any]) -> tuple[Any, ...]:
    """The recipe's order of survival, without ranked sources."""
    _, one = placed
    return (one.truncated, -(one.day or 0), -len(one.text), one.number)


def _similar(one: Any, other: Any) -> float:
    a, b = (np.frombuffer(row.signature, dtype=np.uint8).reshape(1, -1) for row in (one, other))
    return float(similarity(a, b)[0])


def _jaccard(one: set[int], other: set[int]) -> float:
    return len(one & other) / len(one | other)


def _keys(members: list[Any], at_most: int) -> Iterator[tuple[Any, int]]:
    """Band keys of each document (by its place), and further ones of crowded buckets."""
    often = Counter((band, int(key)) for one in members for band, key in enumerate(one.bands))
    for place, one in enumerate(members):
        bands = [int(key) for key in one.bands]
        for band, key in enumerate(bands):
            yield (band, key), place
            if often[(band, key)] > at_most:
                yield (band, key, bands[(band + 1) % len(bands)]), place


def _plain(corpus: Placed, recipe: Any) -> dict[int, tuple[int, str, float]]:
    """What the stage must find, by definition: loser to winner, level and similarity."""
    given: Documents = recipe.documents
    settings = sketch_settings(recipe)
    ranked = sorted(((file, one) for file, one in corpus if one.text.strip(" !")), key=_order)
    made = [sketch(one.text, settings) for _, one in ranked]
    scope = [source_of(file, given.source) if given.scope == "source" else "" for file, _ in ranked]
    first: dict[tuple[str, bytes], int] = {}
    exact = {}
    for place, one in enumerate(made):
        if (better := first.setdefault((scope[place], bytes(one.exact)), place)) != place:
            exact[place] = better
    buckets: dict[Any, list[int]] = {}
    for key, place in _keys(made, given.max_bucket):
        if place not in exact:
            buckets.setdefault((scope[place], key), []).append(place)
    pairs = {(worse, members[0]) for members in buckets.values() for worse in members[1 : given.max_bucket]}
    if given.verify == "signature":
        pairs = {pair for pair in pairs if _similar(*(made[i] for i in pair)) >= given.similarity - 0.5 / 120}
    elif given.verify == "jaccard":
        sets = [set(shingle_hashes(one.text, settings, 10**6).tolist()) for _, one in ranked]
        pairs = {pair for pair in pairs if _jaccard(*(sets[i] for i in pair)) >= given.similarity}
    near: dict[int, int] = {}
    if given.removal == "greedy":
        for worse, better in sorted(pairs):
            if worse not in near and better not in near:
                near[worse] = better
    else:
        near = {i: min(group) for group in nx.connected_components(nx.Graph(sorted(pairs))) for i in group if i != min(group)}
    number = [one.number for _, one in ranked]
    found = {number[i]: (number[j], "near", _similar(made[i], made[j])) for i, j in near.items()}
    for i, j in exact.items():
        found[number[i]] = found[number[j]] if j in near else (number[j], "exact", 1.0)
    return found


def _clusters(made: Any) -> dict[int, tuple[int, str, Any]]:
    number = made.number
    rows = made.tables["clusters"]
    return {number(row["id"]): (number(row["winner"]), row["level"], pytest.approx(row["similarity"])) for row in rows}


@pytest.fixture(scope="module")
def base(mill: Any) -> Any:
    """The stage as the recipe has it."""
    return mill.run("documents", "documents.alarm=0.01")


def test_duplicates_are_those_of_the_definition(mill: Any, corpus: Placed, base: Any) -> None:
    """Copies, stars, verification and greedy decision over 80 documents: every loser with its winner, level and similarity."""
    expected = _plain(corpus, mill.resolved().recipe)
    assert _clusters(base) == expected
    assert len(base.tables["clusters"]) == len(expected) == len(base.tables["decisions"])
    assert Counter(level for _, level, _ in expected.values()).keys() == {"exact", "near"}
    key = {one.number: split.key for split in mill.splits for file, one in corpus if file == split.file}
    for row in base.tables["clusters"]:
        assert (row["split"], row["winner_split"]) == (key[base.number(row["id"])], key[base.number(row["winner"])])


def test_of_a_chain_of_revisions_both_ends_stay(base: Any) -> None:
    """1 is like 2 and 2 like 3, but 1 not like 3: only the one between goes, for the best."""
    one, two, three = CHAIN
    assert base.losers[two] == one
    assert not {one, three} & base.losers.keys()


def test_a_copy_follows_its_twin_to_the_document_that_stays(base: Any) -> None:
    """A copy of a near-duplicate is a near-duplicate of what stays; copies go whatever their case, texts without words never."""
    best, worse, copy = TWIN
    found = _clusters(base)
    assert found[copy] == found[worse]
    assert found[copy][:2] == (best, "near")
    assert not set(EMPTY) & base.losers.keys()
    assert base.facts["empty"] == len(EMPTY)


def test_books_evidence_and_places(corpus: Placed, base: Any) -> None:
    """Accounts balance with the decisions; a cluster's size and positions are those of its members in the order of survival."""
    found = _clusters(base)
    levels = Counter(level for _, level, _ in found.values())
    assert base.accounts == {
        ("in", ""): len(corpus),
        ("kept", ""): len(corpus) - len(found),
        ("dropped", "exact_duplicate"): levels["exact"],
        ("dropped", "near_duplicate"): levels["near"],
    }
    order = {one.number: _order((file, one)) for file, one in corpus}
    members: dict[int, list[int]] = {}
    for loser, (winner, _, _) in found.items():
        members.setdefault(winner, []).append(loser)
    for row in base.tables["clusters"]:
        mine = sorted(members[base.number(row["winner"])], key=order.__getitem__)
        assert (row["size"], row["position"]) == (len(mine) + 1, mine.index(base.number(row["id"])) + 2)
    evidence = {base.number(row["id"]): dict(row["evidence"]) for row in base.tables["decisions"]}
    shown = {base.number(row["id"]): row for row in base.tables["clusters"]}
    for number, one in evidence.items():
        row = shown[number]
        assert one == {
            "similarity": f"{row['similarity']:.3f}", "cluster_size": str(row["size"]), "position": str(row["position"])
        }  # fmt: skip


def test_sources_and_alarms(mill: Any, corpus: Placed, base: Any) -> None:
    """Files of one crawl are one source; one that loses far more than the median is named, an empty one is listed."""
    documents_of = Counter(file[: file.rindex("-")] for file, _ in corpus)
    sources = base.facts["sources"]
    assert {name: n for name, (n, _) in sources.items() if n} == dict(documents_of)
    assert sources["empty"] == [0, 0]
    assert sum(gone for _, gone in sources.values()) == len(base.losers)
    shares = {name: gone / n for name, (n, gone) in sources.items() if n}
    worst = max(shares, key=shares.__getitem__)
    assert [alarm.split()[0] for alarm in base.facts["alarms"]] == [worst]


def test_marks_in_place_of_drops(mill: Any, corpus: Placed, base: Any) -> None:
    """Under mode annotate, in one partition, the same is found, byte for byte, and nobody goes."""
    made = mill.run("documents", "documents.mode=annotate", "spark.shuffle_partitions=1")
    assert [path.read_bytes() for path in made.files["clusters"]] == [path.read_bytes() for path in base.files["clusters"]]
    assert {row["action"] for row in made.tables["decisions"]} == {"mark"}
    assert (made.losers, made.facts["alarms"]) == ({}, [])
    marked = {("marked", reason): n for (outcome, reason), n in base.accounts.items() if outcome == "dropped"}
    assert made.accounts == {("in", ""): len(corpus), ("kept", ""): len(corpus)} | marked


def test_some_of_a_cluster_stay_and_spark_decides_as_the_driver(mill: Any, corpus: Placed, base: Any) -> None:
    """Under keep_k the best two stay; rounds in Spark and eight partitions find the same, byte for byte."""
    assert base.facts["how"] == "driver"
    made = mill.run(
        "documents", "documents.mode=keep_k", "documents.max_edges=0", "documents.rounds=1", "spark.shuffle_partitions=8"
    )
    assert made.facts["how"] == "rounds"
    assert [path.read_bytes() for path in made.files["clusters"]] == [path.read_bytes() for path in base.files["clusters"]]
    second = {made.number(row["id"]) for row in base.tables["clusters"] if row["position"] == 2}
    assert made.losers.keys() == base.losers.keys() - second
    assert made.accounts.total("dropped") == len(made.losers)
    assert made.accounts.total("marked") == len(second)
    assert made.accounts.total("kept") == len(corpus) - len(made.losers)


def test_components_without_verification(mill: Any, corpus: Placed) -> None:
    """Of whatever hangs together one stays, of the chain the first; buckets with more than three members are split and told of."""
    changed = ("documents.removal=components", "documents.verify=none", "documents.max_bucket=3")
    made = mill.run("documents", *changed)
    assert _clusters(made) == _plain(corpus, mill.resolved(*changed).recipe)
    one, two, three = CHAIN
    assert (made.losers[two], made.losers[three]) == (one, one)
    assert made.facts["crowded_buckets"] > 0
    assert made.facts["largest_buckets"][0] >= len(FAMILY)


def test_shingles_within_a_source(mill: Any, corpus: Placed) -> None:
    """With the sets of shingles themselves, and copies of another source left alone."""
    changed = ("documents.verify=jaccard", "documents.similarity=0.8", "documents.scope=source")
    made = mill.run("documents", *changed)
    expected = _plain(corpus, mill.resolved(*changed).recipe)
    assert _clusters(made) == expected
    source = {one.number: source_of(file, Documents().source) for file, one in corpus}
    assert all(source[loser] == source[winner] for loser, (winner, _, _) in expected.items())


def test_an_alarm_can_end_the_run(mill: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With on_alarm: stop the run ends with one line that names source and share, and nothing new is published."""
    before = mill.store.published("documents")
    monkeypatch.setattr("jobs.command.input_splits", lambda given: mill.splits)
    wanted = ["stages=[extract,documents]", "documents.alarm=0.01", "documents.on_alarm=stop"]
    wanted.append(f"output.path={mill.store.root.parent}")
    assert run_recipe(mill.recipe, wanted, stages={"documents": documents.STAGE}, only="documents") == JobError.code
    errors = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(errors) == 1
    assert "of its documents, the median source" in errors[0]
    assert errors[0].endswith("raise documents.alarm or set documents.on_alarm=report")
    assert mill.store.published("documents") == before


@pytest.mark.parametrize("texts", [["one text of its own", "and another"], ["", "!"]])
def test_nothing_in_common(new_mill: Callable[..., Any], doc: Any, texts: list[str]) -> None:
    """Where no document meets another, or none has a word, all are kept."""
    made = new_mill({"a-1.parquet": [doc(i, text) for i, text in enumerate(texts)]}).run("documents")
    assert made.accounts == {("in", ""): 2, ("kept", ""): 2}
    assert made.tables["clusters"] == made.tables["decisions"] == []


def test_a_winner_that_goes_itself_ends_the_run(spark: Any) -> None:
    """The stage does not publish that a document gives way to one that is a duplicate itself, in that very split."""
    rows = [(b"\1", "s", b"\2", "s"), (b"\2", "t", b"\3", "s")]
    columns = "id binary, split string, winner binary, winner_split string"
    documents._check_winners(spark.createDataFrame(rows, columns))
    with pytest.raises(JobError, match="documents: 01 gives way to a document that is a duplicate itself"):
        documents._check_winners(spark.createDataFrame([*rows, (b"\2", "s", b"\3", "s")], columns))
