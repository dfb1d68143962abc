"""Sampling by strata in Spark: targets are met to a document, and a larger mixture contains the smaller one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from conf.schema import Mix
from jobs.strata import Sampling, described, division_of, read_division, sample, with_copies
from udfs.mixture import bins, sampling_hash

pytestmark = pytest.mark.spark

SCHEMA = pa.schema(
    [("id", pa.binary()), ("stratum", pa.string()), ("tokens", pa.int64()), ("place", pa.int64()), ("bin", pa.int32())]
)
LANGUAGES = {"languages": {"method": "unimax"}, "weights": {"quality": {"15-19": 2.0, "0-4": 0.0}, "classes": "math"}}


def settings(tokens: int) -> Mix:
    shares = {"general": 0.4, "math": 0.3, "code": 0.0, "multilingual": 0.3}
    return Mix(shares=shares, epochs=dict.fromkeys(shares, 3.0), tokens=tokens, **LANGUAGES)


@pytest.fixture(scope="module")
def documents() -> pa.Table:
    """1,500 documents of three classes, three languages and twenty buckets."""
    rng = np.random.default_rng(5)
    division, rows = division_of(settings(1)), []
    for n in range(1500):
        cls, language = ("general", "math", "multilingual")[n % 3], ("de", "de", "fr", "sw")[int(rng.integers(0, 4))]
        stratum = division.stratum(cls, language=language, knowledge=None, bucket=int(rng.integers(0, 20))).name
        place = sampling_hash([id_ := rng.bytes(16)], cls, seed=1)
        found = {"place": int(place.view(np.int64)[0]), "bin": int(bins(place)[0])}
        rows.append({"id": id_, "stratum": stratum, "tokens": int(rng.integers(1, 500))} | found)
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def taken(spark, documents: pa.Table, tokens: int) -> tuple[Sampling, dict[bytes, int]]:
    frame = spark.createDataFrame(documents).repartition(3).persist()
    sampling = sample(frame, settings(tokens))
    copies = {bytes(row["id"]): row["copies"] for row in with_copies(frame, sampling, SCHEMA).collect()}
    frame.unpersist()
    return sampling, copies


def test_strata_meet_their_targets_and_grow(spark, documents):
    """Each stratum is within one document of its target; twice the tokens are the same documents and more."""
    (few_plan, few), (_, many) = (taken(spark, documents, tokens) for tokens in (60_000, 120_000))
    for name, planned in few_plan.strata.items():
        rows = [row for row in documents.to_pylist() if row["stratum"] == name]
        got = sum(row["tokens"] * few[row["id"]] for row in rows)
        assert 0 <= got - planned.target < max(row["tokens"] for row in rows), name
    assert {"math", "math*2000000", "math*0", "multilingual/de", "multilingual/fr", "multilingual/sw"} <= few_plan.strata.keys()
    assert few_plan.strata["math*0"].target == 0
    assert few.keys() == many.keys()
    assert all(few[id_] <= many[id_] for id_ in few)
    assert sum(few.values()) < sum(many.values())


def test_a_division_is_read_back_from_a_manifest():
    """What a manifest says of the division tells every document's stratum."""
    mix = Mix(
        languages={"method": "shares", "shares": {"de": 0.7, "other": 0.3}},
        weights={"quality": {"3": 0.5, "none": 2.0}, "knowledge": {"sports": 0.25}, "sources": {"docs.example.org": 3.0}},
    )
    division = division_of(mix)
    read = read_division(described(division))
    for cls in ("general", "multilingual"):
        for language in ("de", "fr"):
            for knowledge in (None, "sports", "health"):
                for bucket in (None, 3, 4):
                    for source in ("", "docs.example.org"):
                        kinds = {"language": language, "knowledge": knowledge, "bucket": bucket, "source": source}
                        assert read.stratum(cls, **kinds) == division.stratum(cls, **kinds)
