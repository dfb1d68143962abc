"""A preview agrees with a run that is really done again, for every predicate; what signals don't tell is refused by name."""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import conftest
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from classifiers.registry import Card
from conf.schema import CLASSES, Recipe
from console.cli import main
from jobs import filter as filter_
from jobs import route, score
from jobs.predicates import STRUCTURE
from jobs.preview import PreviewError, Wanted, preview
from jobs.preview.changes import changed, recipe_of
from jobs.reads import Reads
from jobs.sources.inputs import Split
from jobs.splits import Commit, collect, run_task
from jobs.store import AFTER, Run
from udfs import languages
from udfs.rules import RULE_SETS
from udfs.signals import NAMES

STAGES = {stage.name: stage for stage in (route.STAGE, filter_.STAGE, score.STAGE)}
SPLITS = ("aaaa", "bbbb", "cccc")
SPOKEN = ("en", "de", "zh", "und")
DOCUMENTS = 800
ALL_SETS = ("gopher", "c4", "fineweb", "llama3")
RULES = {rule.name: rule for name in (*CLASSES, *ALL_SETS) for rule in RULE_SETS[name].rules}
ODD: dict[str, list[Any]] = {
    "math_words_per_1000": [20.0, 60.0, 150.0],
    "formulas_per_1000": [5.0, 40.0],
    "ft_math": [0.4, 0.9, 1.0, None],
    "program_words_per_1000": [50.0, 120.0, 200.0],
    "identifier_share": [0.1, 0.3],
    "code_char_share": [0.1, 0.5, 0.6],
    "ft_code": [0.4, 0.9, 1.0, None],
    "ft_quality": [0.0, 0.02, 0.1, 0.4, None],
    "enc_quality": [0.0, 0.3, 0.5, 0.7, None],
    "lang_score": [0.3, 0.5, 0.7],
}
CHAIN = ("extract", "clean", "route", "filter", "encode", "score", "decontaminate", "mix", "report")


def calm(signal: str) -> float:
    """A value at which no rule fires and no guard holds."""
    above = [rule.limit for rule in RULES.values() if (rule.signal, rule.op) == (signal, ">")]
    below = [rule.limit for rule in RULES.values() if (rule.signal, rule.op) == (signal, "<")]
    below += [g.limit for rule in RULES.values() for g in rule.unless if (g.signal, g.op) == (signal, "<")]
    if above:
        return (max(below) + min(above)) / 2 if below else 0.0
    return max(below, default=0.0) * 3 + 1


def wild(signal: str) -> list[float]:
    """Values about the limits on a signal, on them, and none."""
    limits = {rule.limit for rule in RULES.values() if rule.signal == signal}
    limits |= {g.limit for rule in RULES.values() for g in rule.unless if g.signal == signal}
    return [*(limit * f for limit in sorted(limits) for f in (0.8, 0.95, 1.0, 1.05, 1.2)), math.nan]


@cache
def documents() -> list[conftest.Row]:
    """Made-up documents, each with one or two signals about the limits of the rules, and few with scores about theirs."""
    rng = np.random.default_rng(16)
    ruled = sorted({rule.signal for rule in RULES.values()})
    rows: list[conftest.Row] = []
    for i in range(DOCUMENTS):
        row: conftest.Row = {name: calm(name) for name in NAMES} | {
            **dict.fromkeys(STRUCTURE, 0.0),
            "n_words": 300.0,
        }
        row |= {"lang_score": 0.97, "ft_quality": 0.9, "enc_quality": 0.8, "ft_math": 0.1, "ft_code": 0.1}
        row |= {name: float(rng.choice(wild(name))) for name in (ruled[i % len(ruled)], *rng.choice(ruled, i % 2))}
        for name, few in ODD.items():
            if rng.random() < 0.25:
                row[name] = few[rng.integers(len(few))]
        key = {"id": hashlib.md5(f"made up {i}".encode()).digest(), "split": SPLITS[i % 3], "url": f"https://made.example/{i}"}
        lang = SPOKEN[int(rng.choice(4, p=[0.6, 0.2, 0.15, 0.05]))]
        rows.append(row | key | {"lang": lang, "text": f"Text {i}.\x1b[2J " + "word " * 100})
    return rows


def made(root: Path, **recipe: Any) -> Run:
    """Publish a run as far as clean, with a document that clean has dropped although it has signals."""
    run = conftest.build_run(root, published=(), recipe={"stages": list(CHAIN), **recipe})
    rows = documents()
    conftest.write_stage(run, "extract", {})
    gone = rows[7] | {"stage": "clean", "action": "drop", "reason": "pii_dense", "evidence": [], "winner": None}
    tables = {"signals": rows, "scores": rows, "cleaned": rows, "decisions": [gone]}
    conftest.write_stage(run, "clean", tables)
    conftest.write_stage(run, "encode", {"encodings": [row for i, row in enumerate(rows) if i % 5]})
    return run


def encoder(folder: Path) -> Path:
    """The card of an encoder, which is all that percentiles are read from."""
    ranks = {"quantiles": {"": np.linspace(0, 1, 1_001).tolist(), "de": np.linspace(0.4, 0.9, 1_001).tolist()}}
    card = Card("enc", ".", "onnx", "0" * 64, "none", ("high", "low"), (), 1, {}, percentiles=ranks)
    folder.mkdir()
    (folder / "card.json").write_text(card.to_json(), encoding="utf-8")
    return folder


def settle(run: Run, recipe: Recipe) -> Run:
    """Really run route, filter and score, in this process."""
    for name in (stage for stage in run.stages if stage in STAGES):
        before = run.stages[: run.stages.index(name)]
        reads = Reads(run, STAGES[name], before)
        attempt = run.attempt_dir(name)
        splits = [Split(key, f"/nowhere/{key}", key, 0, 1, 1, "1") for key in SPLITS]
        for split in splits:
            list(run_task(name, STAGES[name].work, reads.task(split, STAGES[name], recipe), attempt, "0", "tests"))
        done = {split.key: Commit.found(attempt, split.key) for split in splits}
        published = collect(STAGES[name], done, hashlib.sha256(f"{name} {recipe}".encode()).hexdigest(), splits)
        published.summary[AFTER] = run.fingerprints(before)
        run.publish(published)
    return run


def kept(run: Run) -> tuple[set[bytes], dict[str, int]]:
    """Ids that the run has kept, and how many documents each reason took out."""
    ids = {
        id_ for path in run.files("signals") for id_ in pq.read_table(path, columns=["id"], partitioning=None)["id"].to_pylist()
    }
    reasons: dict[str, int] = {}
    for stage in ("clean", *STAGES):
        for path in run.files("decisions", stage) if stage in run.stages else ():
            lost = [row for row in pq.read_table(path, partitioning=None).to_pylist() if row["action"] == "drop"]
            ids -= {row["id"] for row in lost}
            for row in lost:
                if stage != "clean":
                    reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    return ids, reasons


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose route, filter and score were done with its own settings, all published rule sets in use."""
    root = tmp_path_factory.mktemp("previews") / "made"
    model = encoder(tmp_path_factory.mktemp("models") / "enc")
    rules = {"general": ALL_SETS, "multilingual": ["multilingual"], "math": ["math"], "code": ["code"]}
    made(root, filter={"rules": rules}, encode={"model": str(model)})
    opened = Run.open(root)
    return settle(opened, recipe_of(opened.recipe))


def again(run: Run, assignments: Sequence[str], root: Path) -> Run:
    """Really run again with other settings, in a copy."""
    copy = Run.open(shutil.copytree(run.root, root, symlinks=True))
    recipe, _ = changed(recipe_of(run.recipe), assignments)
    return settle(copy, recipe)


def other_limits() -> list[str]:
    """For every rule in use a stricter or, for every other one, a looser limit."""
    found = []
    for i, name in enumerate(RULES):
        stricter = (RULES[name].op == "<") == (i % 2 == 0)
        found.append(f"{name}={RULES[name].limit * (1.1 if stricter else 0.9) or 0.5:g}")
    return found


CHANGES: list[list[str]] = [other_limits()[i : i + 3] for i in range(0, len(other_limits()), 3)]
CHANGES += [
    [],
    ["filter.thresholds.gopher.word_count.low=95"],
    ["gopher.word_count.low=10"],
    ["filter.languages=en,zh"],
    ["filter.min_language_score.general=0.95"],
    ["filter.min_language_score.math=0.6"],
    ["filter.min_language_score={}"],
    ["filter.rules.general=general"],
    ["filter.rules.code=gopher,c4"],
    ["filter.rules.multilingual=[]"],
    ["route.min_code=0.2"],
    ["route.min_math=0.2"],
    ["route.min_math=0.9", "route.min_code=0.9"],
    ["score.min_quality.general=0.4"],
    ["score.min_quality.math=0"],
    ["score.min_quality={code: 0.5}"],
    ["score.min_encoder={general: 0.6, code: 0.4}"],
    ["score.min_encoder.general=0.6", "score.min_quality.general=0.3"],
    ["score.combine=ensemble", "score.min_bucket={general: 12, multilingual: 15}"],
    ["route.min_math=0.7", "gopher.word_count.low=80", "score.min_quality.code=0.4", "filter.languages=en,de"],
]


def test_every_predicate_agrees_with_a_real_run(run: Run, tmp_path: Path) -> None:
    """For a change of every rule and setting: the same documents are kept, one by one, and each reason takes as many."""
    now, _ = kept(run)
    copy = Run.open(shutil.copytree(run.root, tmp_path / "again", symlinks=True))
    moving = 0
    for assignments in CHANGES:
        said = preview(run, assignments, Wanted(samples=10**6))
        then, reasons = kept(settle(copy, changed(recipe_of(run.recipe), assignments)[0]))
        came = {bytes.fromhex(s.id) for s in said.samples if s.newly_kept}
        went = {bytes.fromhex(s.id) for s in said.samples if not s.newly_kept}
        assert (now | came) - went == then, assignments
        assert went <= now <= (now | went) - came, assignments
        assert {name: n for name, (_, n) in said.reasons.items() if n} == reasons, assignments
        assert said.total.then.documents == len(then)
        moving += bool(came or went)
    assert moving > 0.8 * len(CHANGES)


def test_without_a_change_nothing_moves_and_the_run_is_met(run: Run) -> None:
    """The run's own decisions are those that its settings give; a decision by other rules is counted."""
    said = preview(run, [])
    assert (said.differs, said.samples, said.moves, said.assumed) == (0, (), (), False)
    assert said.total.now == said.total.then
    assert said.total.now.documents == len(kept(run)[0])


def test_decisions_of_other_rules_are_counted(run: Run, tmp_path: Path) -> None:
    """Where the run was decided by another limit than its recipe's, the preview says for how many documents."""
    other = again(run, ["gopher.word_count.low=320"], tmp_path / "other")
    ours, theirs = preview(run, []), preview(other, [])
    assert theirs.total == ours.total
    assert theirs.differs > 300


def test_tallies_add_up(run: Run) -> None:
    """Now, less what goes, with what comes, is then: in all, by language, and by class with what moves between classes."""
    said = preview(run, ["route.min_code=0.15", "gopher.word_count.low=200", "gopher.stop_words.low=0"])
    assert said.moves
    for tally in (said.total, *said.classes.values(), *said.languages.values()):
        for unit in ("documents", "words"):
            now, then, came, went, arrive, leave = (
                getattr(getattr(tally, name), unit) for name in ("now", "then", "newly_kept", "newly_dropped", "arrive", "leave")
            )
            assert now - went - leave + came + arrive == then
    for tallies in (said.classes, said.languages):
        for name in ("now", "then"):
            assert sum(getattr(tally, name).documents for tally in tallies.values()) == getattr(said.total, name).documents
    assert sum(n for _, _, n in said.moves) == sum(tally.arrive.documents for tally in said.classes.values())


def test_words_are_those_of_the_documents(run: Run) -> None:
    """Words kept are the sum of n_words of the documents kept."""
    ids, _ = kept(run)
    rows = [row for path in run.files("signals") for row in pq.read_table(path, partitioning=None).to_pylist()]
    words = sum(row["n_words"] for row in rows if row["id"] in ids and not math.isnan(row["n_words"]))
    assert abs(preview(run, []).total.now.words - words) <= 20


@pytest.mark.parametrize(("wanted", "of"), [(Wanted(language="de"), "languages"), (Wanted(cls="code"), "classes")])
def test_one_language_or_class_alone(run: Run, wanted: Wanted, of: str) -> None:
    """It is counted as it is among all."""
    change = ["gopher.word_count.low=310"]
    whole, part = preview(run, change), preview(run, change, wanted)
    name = wanted.language or wanted.cls
    assert part.total == getattr(whole, of)[name]
    assert part.total.newly_dropped.documents > 0
    assert all(name in (sample.language, sample.class_now) for sample in part.samples)


def test_samples_are_few_always_the_same_and_spread(run: Run) -> None:
    """As many as are wanted; first one of each rule, languages by turns; each with the value that decides, and its text."""
    change = ["gopher.word_count.low=310", "gopher.mean_word.low=0", "llama3.digits=0.9", "score.min_quality.general=0.95"]
    every = preview(run, change, Wanted(samples=10**6)).samples
    few = preview(run, change, Wanted(samples=12)).samples
    assert preview(run, change, Wanted(samples=12)).samples == few
    assert len(few) == 12
    assert set(few) <= set(every)
    assert {s.rule for s in few} == {s.rule for s in every}
    of_one = [s for s in few if s.rule == "gopher.word_count.low"]
    assert len({s.language for s in of_one}) == min(len(of_one), len(SPOKEN))
    for sample in few:
        assert sample.value < sample.limit if sample.op == "<" else sample.value > sample.limit
        assert sample.url.startswith("https://made.example/")
        assert sample.text.startswith("Text ")
    assert {s.limit_other for s in of_one} <= {50.0, 20.0, 60.0}


def test_a_run_that_has_not_come_so_far_is_previewed_as_if_it_had(run: Run, tmp_path: Path) -> None:
    """A recipe that ends with clean: the same answer, and it says that it has assumed."""
    short = made(tmp_path / "short", stages=["extract", "clean"], filter=recipe_of(run.recipe).filter.model_dump(mode="json"))
    change = ["gopher.word_count.low=310"]
    assumed, known = preview(short, change), preview(run, change)
    assert (assumed.assumed, assumed.differs) == (True, None)
    assert (assumed.total, assumed.classes, assumed.reasons) == (known.total, known.classes, known.reasons)


def test_what_comes_after_is_named_and_freed_duplicates_are_counted(run: Run, tmp_path: Path) -> None:
    """Where deduplication comes after the filter, duplicates of documents that go may come back."""
    stages = ["extract", "clean", "filter", "documents", "mix", "report"]
    late = made(tmp_path / "late", stages=stages)
    settle(late, recipe_of(late.recipe))
    went = next(s for s in preview(late, ["gopher.word_count.low=310"]).samples if not s.newly_kept)
    cluster = {"id": bytes(16), "split": "aaaa", "winner": bytes.fromhex(went.id), "winner_split": went.split}
    conftest.write_stage(late, "documents", {"clusters": [cluster, cluster | {"winner": b"\1" * 16}]})
    said = preview(late, ["gopher.word_count.low=310"])
    assert (said.stages, said.later.stages, said.later.freed) == (("filter",), ("documents", "mix"), 1)
    assert set(said.classes) == {"general"}
    assert preview(run, []).later.stages == ("decontaminate", "mix")


def test_the_order_of_the_recipe_settles_the_reason(tmp_path: Path) -> None:
    """Scores before rules, and rules before classes are known: still what a real run does."""
    odd = made(tmp_path / "odd", stages=["extract", "clean", "score", "filter", "route", "mix"])
    settle(odd, recipe_of(odd.recipe))
    said = preview(odd, ["score.min_quality.general=0.5"])
    then, reasons = kept(again(odd, ["score.min_quality.general=0.5"], tmp_path / "then"))
    assert said.differs == 0
    assert said.total.then.documents == len(then)
    assert {name: n for name, (_, n) in said.reasons.items() if n} == reasons


def test_limits_of_a_folder_of_languages(run: Run, tmp_path: Path) -> None:
    """Language files that a person has fitted are tried without a run, and a real run does the same."""
    (tmp_path / "fitted").mkdir()
    fitted = {"stop_words": list(languages.load("de").stop_words), "thresholds": {"gopher.word_count.low": 301}}
    (tmp_path / "fitted" / "de.yaml").write_text(yaml.safe_dump(fitted))
    change = [f"filter.languages_from={tmp_path / 'fitted'}"]
    said = preview(run, change)
    then, _ = kept(again(run, change, tmp_path / "then"))
    assert said.total.then.documents == len(then)
    assert {name for name, tally in said.languages.items() if tally.newly_dropped.documents} == {"de"}
    with pytest.raises(PreviewError, match="there is no folder"):
        preview(run, [f"filter.languages_from={tmp_path / 'none'}"])
    (tmp_path / "fitted" / "de.yaml").write_text("stop_words: [und]\n")
    languages.load.cache_clear()
    with pytest.raises(PreviewError, match="its stop words are others than the run's"):
        preview(run, change)


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("lines.max_copies=3", r"^lines\.max_copies changes text.*again from stage 'lines'$"),
        ("clean.pii=off", r"^clean\.pii changes text.*'clean'$"),
        ("extract.engine=trafilatura", r"^extract\.engine changes text.*'extract'$"),
        ("sketch.bands=14", r"^sketch\.bands changes keys.*'extract'$"),
        ("documents.similarity=0.8", r"^documents\.similarity changes which keys.*'documents'$"),
        ("urls.newest=false", r"^urls\.newest changes keys.*'urls'$"),
        ("corpus.path=x", r"^corpus\.path changes keys.*'urls'$"),
        ("input.paths=x", r"^input\.paths changes what is read.*'extract'$"),
        ("decontaminate.index=x", r"^decontaminate\.index changes what is found.*'decontaminate'$"),
        ("mix.seed=2", r"^mix\.seed changes sampling.*'mix'$"),
        ("encode.device=cpu", r"^encode\.device changes scores.*'encode'$"),
        ("stages=[]", "^stages changes who decides"),
        ("output.run=x", "decides about no document"),
        ("gopher.words.low=3", "unknown rule or setting 'gopher.words.low'; the closest is 'gopher.stop_words.low'"),
        ("filter.thresholds.gopher.words.low=3", "the closest is 'filter.thresholds.gopher.stop_words.low'"),
        ("filter.rules.genral=gopher", "the closest is 'filter.rules.general'"),
        ("filter.rules.general=gofer", "unknown rule set 'gofer'; did you mean 'gopher'"),
        ("gopher.word_count.low=many", "gopher.word_count.low = 'many': input should be a valid number"),
        ("gopher.word_count.low=.nan", "its limit is not a number"),
        ("score.min_quality.general=2", "score.min_quality.general = 2: input should be less than or equal to 1"),
        ("route.min_code=[", "route.min_code: .* is no value"),
        ("80", "'80' is no assignment"),
    ],
)
def test_what_signals_do_not_tell_is_refused_by_name(assignment: str, says: str, run: Run) -> None:
    """One line that names the setting, what it changes, and the stage to run again, or the closest name."""
    with pytest.raises(PreviewError, match=says) as caught:
        preview(run, [assignment])
    assert "\n" not in str(caught.value)


def test_a_rule_that_no_class_has_is_told_from_one_that_does_not_exist(tmp_path: Path) -> None:
    """It says which set would bring it."""
    bare = made(tmp_path / "bare", filter={"rules": {"general": ["gopher"]}})
    with pytest.raises(PreviewError, match=r"no class .* 'fineweb\.newlines\.high'; .* filter\.rules\.general=gopher,fineweb$"):
        preview(bare, ["fineweb.newlines.high=0.2"])


def test_a_signal_that_the_run_has_not_is_an_error_that_names_it(run: Run, tmp_path: Path) -> None:
    """A run made before the signal existed has to be cleaned again."""
    old = Run.open(shutil.copytree(run.root, tmp_path / "old", symlinks=True))
    for path in old.files("signals"):
        table = pq.read_table(path, partitioning=None)
        pq.write_table(table.drop_columns(["stop_word_count"]), path)
    with pytest.raises(PreviewError, match=r"no column 'stop_word_count'.*run clean again"):
        preview(old, [])
    empty = conftest.build_run(tmp_path / "empty", published=("extract",), recipe={"stages": list(CHAIN)})
    with pytest.raises(PreviewError, match="'clean' isn't up to date"):
        preview(empty, [])


def test_the_command_prints_tables_samples_and_what_comes_after(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts, reasons, samples and their texts without a control character."""
    changes = ["gopher.word_count.low=70", "score.min_quality.code=0.95", "filter.min_language_score.general=0.1"]
    assert main(["preview", str(run.root), *changes]) == 0
    out = capsys.readouterr().out
    assert re.search(r"gopher\.word_count\.low +50 \(general.*\), 20 \(math.*\).* → 70", out)
    assert re.search(r"^all +[\d,]+ +[\d,]+ +\+\d+ +-\d+", out, re.MULTILINE)
    assert len(re.findall(r"^[+-] newly (?:kept|dropped)", out, re.MULTILINE)) == 30
    assert "have not been scanned by decontaminate yet" in out
    assert not re.search("[\x00-\x08\x1b]", out)


def test_the_command_prints_json_and_refuses_with_exit_code_2(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole answer as one document; what is refused is one line on standard error."""
    assert main(["preview", str(run.root), "gopher.word_count.low=310", "--samples", "3", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["changes"][0]["after"] == "310"
    assert len(said["samples"]) == 3
    assert said["total"]["newly_dropped"]["documents"] > 0
    for words in (["lines.max_copies=3"], ["--class", "poems"]):
        assert main(["preview", str(run.root), *words]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("error: ")
