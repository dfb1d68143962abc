"""Domains dense in personal data: counted from stored tables, ranked by what is certain, written in every format."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import conftest
import pytest

from console import cli
from jobs.reporting.pii_domains import Domain, Limits, dense_domains
from jobs.store import Run, StoreError
from udfs.pii import TYPES, redact

PROSE = "The mill stands by the river and grinds the grain of the valley all year. " * 4
LEAK = PROSE + "Write to jo.finch@letters.example or call +1 202 555 0194."
# Host: texts of its pages; the last of a host whose name ends in -dense is dropped for its density.
PAGES: Mapping[str, Sequence[str]] = {
    "https://a.leaky.example.com/": [LEAK] * 12,
    "https://b.leaky.example.com/": [LEAK] * 8,
    "https://clean.example.org/": [PROSE] * 30,
    "https://few.example.net/": ["jo.finch@letters.example 8.8.8.8 from 9.9.9.9"] * 3,
    "https://once.example.edu/": [LEAK] + [PROSE] * 19,
}


def pages() -> list[tuple[str, str]]:
    """Every page: URL and text."""
    return [(f"{host}{n}", text) for host, texts in PAGES.items() for n, text in enumerate(texts)]


def build(root: Path, stages: Sequence[str] = ("extract", "clean")) -> Run:
    """Publish what extraction and cleaning would have stored of the pages."""
    tables: dict[str, dict[str, list[conftest.Row]]] = {
        stage: {t: [] for t in ("records", "signals", "decisions")} for stage in stages
    }
    for url, text in pages():
        key = {"id": hashlib.md5(url.encode()).digest(), "split": "aaaa", "url": url}
        counts = redact(text)[2]
        tables["extract"]["records"].append(key)
        if "clean" not in stages:
            continue
        clean, words = tables["clean"], float(len(text.split()))
        made = {"stage": "clean", "winner": None}
        if counts:
            evidence = [(kind, str(n)) for kind, n in counts.items()]
            clean["decisions"].append(key | made | {"action": "edit", "reason": "pii", "evidence": evidence})
        if sum(counts.values()) / words > 0.1:
            density = ("per_1000_words", str(1000 * sum(counts.values()) / words))
            clean["decisions"].append(key | made | {"action": "drop", "reason": "pii_dense", "evidence": [density, *evidence]})
        else:
            clean["signals"].append(key | {"n_words": words})
    run = conftest.build_run(root, published=())
    owned = {"extract": ("records", "decisions"), "clean": ("signals", "decisions")}
    for stage in stages:
        conftest.write_stage(run, stage, {name: tables[stage][name] for name in owned[stage]})
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run of the pages."""
    return build(tmp_path_factory.mktemp("pii") / "run")


def named(run: Run, documents: int = 1, per_1000: float = 0.0) -> dict[str, Domain]:
    """Listed domains by name."""
    return {one.name: one for one in dense_domains(run, Limits(documents, per_1000))}


def test_counts_follow_from_the_tables(run: Run) -> None:
    """Documents, those with findings, words and rates by type are those of the texts, hosts of one domain together."""
    leaky = named(run)["example.com"]
    words = 20 * len(LEAK.split())
    assert (leaky.documents, leaky.with_pii, leaky.words) == (20, 20, words)
    assert leaky.types == pytest.approx({"email": 20_000 / words, "phone": 20_000 / words})
    assert leaky.per_1000 == pytest.approx(40_000 / words)
    assert "example.org" not in named(run), "a domain without findings is no candidate"


def test_words_of_a_dropped_document_follow_from_its_density(run: Run) -> None:
    """A page that was dropped as too dense has no signals, and counts all the same."""
    few = named(run)["example.net"]
    assert (few.documents, few.with_pii, few.words) == (3, 3, 12)


def test_small_samples_do_not_top_the_list(run: Run) -> None:
    """One page among twenty proves nothing, neither does one document however dense."""
    found = named(run)
    assert found["example.edu"].lower == 0 < found["example.edu"].per_1000
    assert all(one.lower <= one.per_1000 <= one.upper for one in found.values())
    assert list(named(run, documents=5, per_1000=1.0)) == ["example.com"]
    assert [one.lower for one in found.values()] == sorted((one.lower for one in found.values()), reverse=True)


def test_bounds_are_never_narrower_than_those_of_a_count(run: Run) -> None:
    """Twenty equal pages have no variance between them, yet forty findings are known to 31 % only."""
    leaky = named(run)["example.com"]
    assert (leaky.upper - leaky.per_1000) / leaky.per_1000 == pytest.approx(1.96 / 40**0.5, rel=1e-3)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".txt"])
def test_every_format_names_the_same_domains(suffix: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CSV and JSON hold a column a type, text one host a line for a block list; the terminal shows the table."""
    out = tmp_path / f"review{suffix}"
    assert cli.main(["pii-domains", str(run.root), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "example.com" in shown
    assert "example.edu" not in shown
    text = out.read_text("utf-8")
    if suffix == ".txt":
        assert [line for line in text.splitlines() if line[0] != "#"] == ["example.com"]
        return
    rows = json.loads(text) if suffix == ".json" else list(csv.DictReader(text.splitlines()))
    assert [row["domain"] for row in rows] == ["example.com"]
    assert set(TYPES) < set(rows[0])
    assert float(rows[0]["phone"]) > 0


def test_json_on_the_terminal(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints the rows, an empty list where there are none."""
    assert cli.main(["pii-domains", str(run.root), "--json"]) == 0
    assert [row["domain"] for row in json.loads(capsys.readouterr().out)] == ["example.com"]
    assert cli.main(["pii-domains", str(run.root), "--json", "--min-documents", "1000"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_mistakes_in_one_line(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown suffix, nothing to list, and a run that has not been cleaned end with one line each."""
    assert cli.main(["pii-domains", str(run.root), "--out", "x.xlsx"]) == 2
    assert ".csv, .json or .txt" in capsys.readouterr().err
    assert cli.main(["pii-domains", str(run.root), "--per-1000", "1e6"]) == 1
    assert "1e+06 findings" in capsys.readouterr().err
    unclean = build(tmp_path / "unclean", ("extract",))
    with pytest.raises(StoreError, match="clean"):
        dense_domains(unclean, Limits())
    assert cli.main(["pii-domains", str(unclean.root)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
