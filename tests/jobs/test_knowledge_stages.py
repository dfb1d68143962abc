"""Knowledge classes on a made-up corpus: what each is, and who stays where one has too much."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pytest

from jobs.balance import OVER_REPRESENTED
from jobs.errors import JobError
from jobs.tables import TABLES

FILES = ("a.parquet", "b.parquet", "c.parquet")
SHARES = {"arts_entertainment": 0.1, "celebrities": 0.02}
GIVEN = "balance.shares={arts_entertainment: 0.1, celebrities: 0.02}"
NAMES = ("arts_entertainment", "celebrities", "history", "science", "health")

ARTS = (
    "The band's second album was recorded in a week, and the single went to the top of the charts. On stage the singer and drummer "
    "play the songs faster than on the record; the concert ended with three encores and a film of the tour is to follow. "
)
CODE = (
    "The function returns a pointer to the buffer; call free when the program no longer needs it. Compile the library with debugging "
    "symbols, run the unit tests, and open an issue in the repository with the stack trace if the build fails. "
)


def row(number: int, doc: Any, rng: random.Random) -> dict[str, Any]:
    """A document of a corpus with far too much of the arts."""
    return {
        "id": doc(number).id,
        "lang": "en",
        "class": "code" if number % 10 == 0 else "general",
        "n_chars": rng.randrange(200, 5000),
        "knowledge": rng.choices(NAMES, (50, 10, 15, 15, 10))[0],
        "probability": rng.choice((0.2, 0.5, 0.9)),
        "second": "other",
    }


@pytest.fixture(scope="module")
def rows(doc: Any) -> list[dict[str, Any]]:
    """A few thousand documents."""
    rng = random.Random(3)
    return [row(number, doc, rng) for number in range(1, 3001)]


@pytest.fixture(scope="module")
def mill(new_mill: Callable[..., Any], rows: list[dict[str, Any]]) -> Any:
    """A run whose documents are sorted already."""
    made = new_mill({name: [] for name in FILES})
    publish(made, rows)
    return made


def publish(mill: Any, rows: list[dict[str, Any]]) -> None:
    """Publish the rows as the stage `knowledge` would have."""
    parts: Mapping[str, Any] = {
        split.key: {
            "knowledge": pa.Table.from_pylist(
                [one | {"split": split.key} for one in rows[i :: len(mill.splits)]], TABLES["knowledge"].schema
            )
        }
        for i, split in enumerate(mill.splits)
    }
    mill.publish("knowledge", parts, len(rows))


def weighed(rows: list[dict[str, Any]], gone: set[bytes]) -> Counter[str]:
    """Characters by class of what is left of the general documents."""
    sizes: Counter[str] = Counter()
    for one in rows:
        if one["class"] == "general" and one["id"] not in gone:
            sizes[one["knowledge"] if one["probability"] >= 0.3 else "unknown"] += one["n_chars"]
    return sizes


def test_no_class_has_more_than_its_share(mill: Any, rows: list[dict[str, Any]]) -> None:
    """Classes with too much come to their share within a document, the others and other routes lose nothing."""
    made = mill.run("balance", GIVEN, before=("knowledge",))
    gone = {one["id"] for one in made.tables["decisions"]}
    before, after = weighed(rows, set()), weighed(rows, gone)
    total = sum(after.values())
    assert {name: after[name] for name in after if name not in SHARES} == {n: before[n] for n in before if n not in SHARES}
    assert all(abs(after[name] - share * total) <= 5000 for name, share in SHARES.items())
    assert all(abs(after[name] / total - share) < 0.01 for name, share in SHARES.items())
    assert {one["id"] for one in rows if one["class"] == "code"}.isdisjoint(gone)
    assert {one["reason"] for one in made.tables["decisions"]} == {OVER_REPRESENTED}
    assert made.accounts.total("kept") == len(rows) - len(gone)
    evidence = dict(made.tables["decisions"][0]["evidence"])
    assert evidence["share"].endswith(f"> {SHARES[evidence['knowledge']]:g}")
    kept = {one["knowledge"]: one["chars_kept"] for one in made.facts["classes"]}
    assert all(abs(kept[name] - after[name]) <= 5000 for name in SHARES)


def test_the_same_documents_at_every_parallelism(mill: Any) -> None:
    """The decisions' files do not depend on partitions."""
    runs = [mill.run("balance", GIVEN, f"spark.shuffle_partitions={n}", before=("knowledge",)) for n in (1, 5)]
    one, five = ([path.read_bytes() for path in made.files["decisions"]] for made in runs)
    assert one == five


def test_a_larger_share_keeps_what_a_smaller_one_does(mill: Any) -> None:
    """Whoever is dropped at a larger share is dropped at a smaller one."""
    gone = []
    for share in (0.3, 0.1, 0.03):
        made = mill.run("balance", f"balance.shares={{arts_entertainment: {share}}}", before=("knowledge",))
        gone.append({one["id"] for one in made.tables["decisions"]})
    assert gone[0] < gone[1] < gone[2]


def test_without_shares_all_stay(mill: Any) -> None:
    """A recipe that names no share drops nothing."""
    made = mill.run("balance", "balance.shares={}", before=("knowledge",))
    assert not made.tables.get("decisions")


def test_a_corpus_of_nothing_else_is_refused(new_mill: Callable[..., Any], doc: Any) -> None:
    """A class that is all there is cannot be a tenth of it: one line says so."""
    made = new_mill({"a.parquet": []})
    publish(
        made, [row(n, doc, random.Random(n)) | {"class": "general", "knowledge": NAMES[0], "probability": 1.0} for n in range(9)]
    )
    with pytest.raises(JobError, match=r"arts_entertainment have all there is .* raise their shares"):
        made.run("balance", GIVEN, before=("knowledge",))


def test_texts_are_sorted_by_what_they_are_about(new_mill: Callable[..., Any], doc: Any) -> None:
    """The stage `knowledge` reads cleaned texts and writes a row for each."""
    mill = new_mill({"a.parquet": [doc(1, ARTS), doc(2, CODE)]})
    for stage, before in (("lines", ()), ("clean", ("lines",))):
        mill.run(stage, before=before)
    made = mill.run("knowledge", before=("lines", "clean"))
    found = {made.number(one["id"]): one for one in made.tables["knowledge"]}
    assert found[1]["knowledge"] == "arts_entertainment"
    assert found[2]["knowledge"] in ("software_development", "software_use")
    assert all(0 < one["probability"] <= 1 and one["second"] != one["knowledge"] for one in found.values())
