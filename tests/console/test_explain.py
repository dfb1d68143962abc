"""A document's story is whole: record, every stage, winner, shards, other captures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import conftest
import pyarrow as pa
import pytest

from console.explain import NotFoundError, explain
from console.peek import Question, listing, peek
from jobs.shards import JsonlPart
from jobs.store import POINTER, FileEntry, Run, write_atomic
from jobs.tables import TABLES
from udfs.checks import Check
from udfs.filtering import LANGUAGE_SCORE
from udfs.rules import RULE_SETS
from udfs.signals import NAMES

URL = "https://news.example/story?id=1"


def outcomes(run: Run, n: int) -> dict[str, str]:
    """Outcome by stage of a record."""
    (story,) = explain(run, conftest.id_of(n).hex()).stories
    return {step.stage: step.outcome for step in story.steps}


@pytest.mark.parametrize("record", conftest.RECORDS, ids=lambda r: str(r[0]))
def test_stages_are_told_in_order_up_to_the_one_that_decides(record: tuple, tiny: Run) -> None:
    """Before it all is kept (or edited), after it nothing was reached; the report is no stage of a document."""
    n, *_, decision = record
    told = outcomes(tiny, n)
    assert list(told) == list(conftest.STAGES[:-1])
    for place, (stage, outcome) in enumerate(told.items()):
        if place < conftest.lost_at(n):
            assert outcome == ("edited" if (n, stage) == (0, "clean") else "kept")
        elif place == conftest.lost_at(n):
            assert outcome == {"drop": "dropped", "quarantine": "quarantined"}[decision[1]]
        else:
            assert outcome == "not reached"


def test_a_url_tells_the_newest_capture_and_names_the_others(tiny: Run) -> None:
    """Both captures of the page are found, newest first; all are told on request."""
    found = explain(tiny, URL)
    assert [s.capture.id for s in found.stories] == [conftest.id_of(0).hex()]
    assert [(c.id, c.stage, c.reason) for c in found.others] == [(conftest.id_of(1).hex(), "urls", "superseded")]
    every = explain(tiny, URL, every=True)
    assert [s.capture.id for s in every.stories] == [conftest.id_of(0).hex(), conftest.id_of(1).hex()]
    assert every.others == ()


@pytest.mark.parametrize(
    "what",
    [
        conftest.id_of(4).hex(),
        conftest.id_of(4).hex().upper(),
        conftest.id_of(4).hex()[:10],
        f"<urn:uuid:{4:032x}>",
        f"urn:uuid:{4:032x}",
        " https://math.example/proof ",
    ],
)
def test_a_document_is_found_by_id_its_beginning_record_id_and_url(what: str, tiny: Run) -> None:
    """All names of a record lead to the same story."""
    assert [s.capture.id for s in explain(tiny, what).stories] == [conftest.id_of(4).hex()]


def test_another_spelling_of_the_url_leads_to_the_same_page(tmp_path: Path) -> None:
    """What the run treats as one page is found under any of its spellings, by the URL key."""
    from udfs.urls import url_key

    run = conftest.build_run(tmp_path / "run")
    tables = conftest.rows_of("extract")
    tables["url_keys"] = [row | {"url_key": url_key(row["url"])} for row in tables["url_keys"]]
    conftest.write_stage(run, "extract", tables)
    assert [s.capture.id for s in explain(run, "http://MATH.example:80/proof#part").stories] == [conftest.id_of(4).hex()]


def test_a_duplicate_names_the_document_that_stays(tiny: Run) -> None:
    """Winner with URL and fate, and the similarity it was decided on; the winner counts its duplicates."""
    (story,) = explain(tiny, "https://mirror.example/copy").stories
    step = next(s for s in story.steps if s.stage == "documents")
    (decision,) = step.decisions
    assert decision.winner is not None
    assert (decision.winner.id, decision.winner.url, decision.winner.status) == (conftest.id_of(0).hex(), URL, "kept")
    assert decision.evidence == {"similarity": "0.934"}
    assert step.facts["clusters"][0]["winner"] == conftest.id_of(0).hex()
    assert explain(tiny, URL).stories[0].duplicates == 1


def test_a_kept_document_tells_class_copies_and_shards_but_no_text(tiny: Run) -> None:
    """Facts of every table are there; texts are not read."""
    (story,) = explain(tiny, "https://math.example/proof").stories
    facts = {name: rows[0] for step in story.steps for name, rows in step.facts.items()}
    assert facts["routes"]["class"] == "math"
    assert facts["mixture"].items() >= {"class": "math", "tokens": 500, "copies": 4}.items()
    assert {"ft_quality", "lang_score"} <= set(facts["scores"]) | set(facts["signals"])
    assert [(s.file, s.copy) for s in story.shards] == [("part.parquet", c) for c in range(4)]
    assert not any("text" in row or "spans" in row for row in facts.values())


def checks(run: Run, n: int, stage: str) -> dict[str, Check]:
    """The rules that a stage held against a record, by name."""
    (story,) = explain(run, conftest.id_of(n).hex()).stories
    return {check.rule: check for step in story.steps if step.stage == stage for check in step.checks}


def test_every_rule_of_class_and_language_is_told(tiny: Run) -> None:
    """Rule, signal, value, limit, guards and whether it fired, for a document that the filter saw, and with its score."""
    found = checks(tiny, 7, "filter")
    assert set(found) == {LANGUAGE_SCORE} | {rule.name for rule in RULE_SETS["general"].rules}
    low = found["gopher.word_count.low"]
    assert (low.signal, low.value, low.op, low.limit, low.fired) == ("n_words", 12.0, "<", 50, True)
    assert [held.signal for held in found["llama3.dirty_words"].unless] == ["dirty_distinct"]
    assert set(checks(tiny, 4, "filter")) == {rule.name for rule in RULE_SETS["math"].rules}
    quality = checks(tiny, 11, "score")["quality.low"]
    assert (quality.value, quality.limit, quality.fired) == (0.02, 0.3, True)
    assert not checks(tiny, 4, "score")["quality.low"].fired


@pytest.mark.parametrize("n", [1, 2, 3, 6, 8])
def test_a_document_that_came_to_no_rule_has_none(n: int, tiny: Run) -> None:
    """What was lost before the filter was held against no rule."""
    assert checks(tiny, n, "filter") == checks(tiny, n, "score") == {}


def test_limits_are_those_of_the_runs_settings(tmp_path: Path) -> None:
    """A recipe's own threshold is told, and settings that this version can't read leave the rest of the story."""
    run = conftest.build_run(tmp_path / "run", recipe={"filter": {"thresholds": {"gopher.word_count.low": 7}}})
    low = checks(run, 7, "filter")["gopher.word_count.low"]
    assert (low.limit, low.fired) == (7, False)
    odd = conftest.build_run(tmp_path / "odd", recipe={"filter": {"thresholds": {"no.such.rule": 7}}})
    assert checks(odd, 7, "filter") == {}
    older = conftest.build_run(tmp_path / "older", recipe={"filter": {"no_such_setting": 7}})
    assert outcomes(older, 7)["filter"] == "dropped"


def test_every_signal_is_told_and_one_lost_before_is_measured_now(tiny: Run) -> None:
    """Stored signals of what was cleaned; those of the extracted text for a duplicate; none where no text was kept."""
    (kept,) = explain(tiny, conftest.id_of(4).hex(), measure=True).stories
    assert kept.measured == "cleaned"
    assert set(kept.signals) == {"lang_score", *NAMES}
    (copy,) = explain(tiny, conftest.id_of(2).hex(), measure=True).stories
    assert copy.measured == "extracted"
    assert copy.signals["n_words"] == len(conftest.text_of(2).split())
    assert set(copy.signals) == {"lang_score", *NAMES}
    (opted_out,) = explain(tiny, conftest.id_of(6).hex(), measure=True).stories
    assert (opted_out.signals, opted_out.measured) == ({}, "")
    assert explain(tiny, conftest.id_of(2).hex()).stories[0].signals == {}


def test_a_winner_that_was_lost_later_says_so(tmp_path: Path) -> None:
    """The reader sees that nothing of the pair is left."""
    run = conftest.build_run(tmp_path / "run")
    tables = conftest.rows_of("filter")
    tables["decisions"].append(
        tables["decisions"][0] | {"id": conftest.id_of(0), "split": conftest.SPLIT_OF[0], "reason": "late"}
    )
    conftest.write_stage(run, "filter", tables)
    (story,) = explain(run, "https://mirror.example/copy").stories
    winner = next(s for s in story.steps if s.stage == "documents").decisions[0].winner
    assert winner is not None
    assert (winner.status, winner.stage, winner.reason) == ("dropped", "filter", "late")


def test_an_unfinished_run_is_told_as_far_as_it_got(tmp_path: Path) -> None:
    """Stages that were not run are named as such."""
    run = conftest.build_run(tmp_path / "run", published=("extract", "urls"))
    told = outcomes(run, 4)
    assert (told["urls"], told["documents"], told["mix"]) == ("kept", "not run", "not run")


@pytest.mark.parametrize("what", ["https://nowhere.example/", "0" * 32, "urn:uuid:none", "", "' or 1=1 --", "%", "\ud800"])
def test_what_is_not_there_is_an_error_of_one_line(what: str, tiny: Run) -> None:
    """Nothing a person types is taken as SQL or a pattern, and nothing crashes."""
    with pytest.raises(NotFoundError) as caught:
        explain(tiny, what)
    assert "\n" not in str(caught.value)


def test_shards_of_json_lines_are_read_and_their_manifest_is_not(tmp_path: Path) -> None:
    """Copies are found in shards of several zstd frames with hex ids, and in whole by a look at the table."""
    run = conftest.build_run(tmp_path / "run", published=conftest.STAGES[:-2])
    conftest.write_stage(run, "mix", conftest.rows_of("mix") | {"shards": []})
    published = run.published("mix")
    assert published is not None
    folder = run.stage_dir("mix") / published.version / "shards"
    part = JsonlPart(folder / "shard-00000-of-00001", TABLES["shards"].schema)
    for copy in range(3):
        row = conftest.completed("shards", conftest.about(4) | {"copy": copy})
        part.write(pa.RecordBatch.from_pylist([row], TABLES["shards"].schema))
        part._flush()
    (folder / "manifest.json").write_text("{}")
    files = (part.close(), FileEntry("manifest.json", 1, 2, ""))
    write_atomic(run.stage_dir("mix") / POINTER, replace(published, tables=published.tables | {"shards": files}).to_json())
    (story,) = explain(run, conftest.id_of(4).hex()).stories
    assert [(s.file, s.copy) for s in story.shards] == [("shard-00000-of-00001.jsonl.zst", c) for c in range(3)]
    rows = peek(run, Question("shards", where=f"id = '{conftest.id_of(4).hex()}'", columns=("copy", "tokens")))
    assert rows == [{"copy": c, "tokens": 500} for c in range(3)]
    assert [one.rows for one in listing(run) if one.table == "shards"] == [3]
