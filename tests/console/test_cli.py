"""The command line: exit codes, one line for mistakes, help that costs nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import conftest
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from console import cli
from console.show import printable
from jobs.store import Run

ROOT = Path(cli.__file__).resolve().parents[1]
HEAVY = ("pyspark", "pyarrow", "duckdb", "pydantic", "numpy", "jinja2")
COMMANDS = ("run", "config", "explain", "trail", "report", "peek", "tables", "models", "compare-extractors")
RECIPE = "name: small\nstages: [extract]\ninput: {paths: [a.warc.gz]}\n"


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command in this process: exit code, standard output, standard error."""
    code = cli.main(words)
    out, err = capsys.readouterr()
    return code, out, err


def process(words: Sequence[str], **more: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **more)  # type: ignore[call-overload,no-any-return]


def test_help_imports_nothing_heavy() -> None:
    """The list of commands is there without Spark, Arrow, DuckDB or pydantic."""
    done = process(["-X", "importtime", "-m", "console", "--help"])
    assert done.returncode == 0
    imported = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "typer" in imported
    assert not imported & set(HEAVY)
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    """Help has an example that begins with the command."""
    done = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert done.exit_code == 0
    assert f"Example: woolmill {command}" in done.output
    assert "--json" in done.output


@pytest.mark.parametrize(
    "words",
    [
        ("--nope",),
        ("peek",),
        ("trail", "somewhere"),
        ("explain", "r", "x", "--nope"),
        ("models", "steal"),
        ("nope",),
        ("config",),
    ],
)
def test_a_wrong_call_is_exit_code_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown options and commands, missing and wrong arguments."""
    code, out, err = called(capsys, *words)
    assert code == 2
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tables", "nowhere"), "no run in nowhere"),
        (("explain", "nowhere", "x"), "no run in nowhere"),
        (("peek", "{run}", "recordz"), "'recordz'; the closest is 'records'"),
        (("peek", "{run}", "records", "--where", "\x1b[31m"), "--where"),
        (("trail", "{run}", "--out", "{tmp}/trail.csv"), "trail.csv"),
        (("trail", "{run}", "--out", "{tmp}/no/such/folder.jsonl"), "No such file"),
        (("report", "{run}", "--out", "{tmp}/small.yaml/report.html"), "small.yaml"),
        (("config", "{tmp}/none.yaml"), "none.yaml"),
        (("config", "{tmp}/small.yaml", "mix.sede=1"), "mix.sede"),
        (("config", "{tmp}/small.yaml", "mix.seed=-1"), "mix.seed"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    words: tuple[str, ...], said: str, tiny: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was seen is named on standard error, without a traceback or a control character."""
    (tmp_path / "small.yaml").write_text(RECIPE)
    code, out, err = called(capsys, *[w.format(run=tiny.root, tmp=tmp_path) for w in words])
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert said in err
    assert "\x1b" not in err


def test_a_document_that_is_not_there_is_exit_code_1(tiny: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Not found is told apart from a wrong call."""
    code, out, err = called(capsys, "explain", str(tiny.root), "https://nowhere.example/")
    assert (code, out, err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("n", [0, 2, 3, 7, 10])
def test_explain_tells_all_outcomes_without_a_control_character(n: int, tiny: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The outcome stands in the text; a hostile title or URL can't steer the terminal."""
    code, out, _ = called(capsys, "explain", str(tiny.root), conftest.id_of(n).hex(), "--signals")
    assert code == 0
    decision = conftest.RECORDS[n][5]
    status = {"drop": "dropped", "quarantine": "quarantined"}[decision[1]] if decision else "kept"
    assert re.search(rf"outcome +{status}", out)
    assert decision is None or decision[2] in out
    assert not re.search("[\x00-\x08\x1b\u202e]", out)


def test_explain_as_json_is_the_whole_story(tiny: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """One document, NaN as null, evidence by name."""
    _, out, _ = called(capsys, "explain", str(tiny.root), "https://spam.example/tags", "--json")
    story = json.loads(out)["stories"][0]
    step = next(s for s in story["steps"] if s["stage"] == "filter")
    assert step["decisions"][0]["evidence"] == {"gopher.n_words": "n_words 12 < 50"}
    _, out, _ = called(capsys, "explain", str(tiny.root), "https://code.example/main.rs", "--json")
    signals = next(s for s in json.loads(out)["stories"][0]["steps"] if s["stage"] == "clean")["facts"]["signals"]
    assert signals[0]["kl_bits"] is None


def test_config_shows_values_with_their_origins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, command line and default are told apart, with unit and meaning."""
    recipe = tmp_path / "small.yaml"
    recipe.write_text(RECIPE)
    code, out, _ = called(capsys, "config", str(recipe), "mix.seed=7", "--json")
    found = {one["key"]: one for one in json.loads(out)}
    assert code == 0
    assert (found["mix.seed"]["value"], found["mix.seed"]["origin"]) == (7, "command line")
    assert (found["name"]["value"], found["name"]["origin"]) == ("small", "small.yaml")
    assert (found["extract.max_body_bytes"]["unit"], found["extract.max_body_bytes"]["origin"]) == ("bytes", "default")
    _, out, _ = called(capsys, "config", str(recipe), "mix.seed=7")
    assert "mix.seed = 7" in out
    assert "(command line)" in out


def test_config_keys_lists_what_can_be_set_without_a_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Every leaf of the schema with what is allowed."""
    from conf.load import settings as leaves

    _, out, _ = called(capsys, "config", "--keys", "--json")
    found = {one["key"]: one for one in json.loads(out)}
    assert list(found) == [s.key for s in leaves()]
    assert found["mix.seed"]["allowed"] == "int, >= 0"
    assert found["mix.format"]["allowed"] == "parquet | jsonl.zst | megatron | mds | npy"
    assert found["input.paths"]["required"]
    code, out, _ = called(capsys, "config", "--keys")
    assert code == 0
    assert "input.paths = required" in out


def test_report_trail_tables_and_peek_write_what_they_say(tiny: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The four commands over a finished run, as JSON and for people."""
    run, page, trail = str(tiny.root), tmp_path / "r.html", tmp_path / "t.jsonl"
    _, out, _ = called(capsys, "report", run, "--out", str(page), "--json")
    assert json.loads(out) == {"out": str(page), "bytes": page.stat().st_size}
    _, out, _ = called(capsys, "trail", run, "--out", str(trail), "--json")
    assert json.loads(out) == {"out": str(trail), "rows": len(conftest.RECORDS)}
    _, out, _ = called(capsys, "tables", run, "--json")
    assert ("records", "extract", 12) in {(one["table"], one["stage"], one["rows"]) for one in json.loads(out)}
    _, out, _ = called(capsys, "peek", run, "mixture", "--columns", "class,copies", "--where", "copies > 1", "--json")
    assert [json.loads(line) for line in out.splitlines()] == [{"class": "math", "copies": 4}]
    _, out, _ = called(capsys, "peek", run, "signals", "-n", "2")
    assert "n_words" in out
    _, out, _ = called(capsys, "peek", run, "mixture", "--schema")
    assert "0 = not sampled" in out
    for command in (("report", run, "--out", str(page)), ("trail", run, "--out", str(trail)), ("tables", run)):
        assert called(capsys, *command)[0] == 0


def test_run_hands_its_words_to_the_pipeline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is the pipeline's; options arrive under their names."""
    import types

    seen: list[object] = []

    def run_recipe(recipe: Path, overrides: Sequence[str], **options: object) -> int:
        seen.extend([recipe, list(overrides), options])
        return 5

    monkeypatch.setitem(sys.modules, "jobs.pipeline", types.SimpleNamespace(run_recipe=run_recipe))
    code, _, _ = called(capsys, "run", "r.yaml", "a=1", "b=2", "--from", "clean", "--force", "mix", "--force", "route", "--json")
    assert code == 5
    options = {"start": "clean", "only": None, "force": ["mix", "route"], "as_json": True}
    assert seen == [Path("r.yaml"), ["a=1", "b=2"], options]


def test_models_lists_the_cards(capsys: pytest.CaptureFixture[str]) -> None:
    """Every card of the registry, with whether its file is there."""
    from classifiers.registry import MODELS

    code, out, _ = called(capsys, "models", "--json")
    assert code == 0
    assert [row["name"] for row in json.loads(out)] == list(MODELS)


def test_an_interrupt_is_exit_code_130(monkeypatch: pytest.MonkeyPatch, tiny: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends a command without a traceback."""

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("console.peek.listing", interrupted)
    code, _, err = called(capsys, "tables", str(tiny.root))
    assert (code, "Traceback" in err) == (130, False)


@pytest.mark.parametrize("words", [("tables",), ("peek", "records", "--json")])
def test_a_reader_that_leaves_early_is_no_error_to_see(words: tuple[str, ...], tiny: Run) -> None:
    """``woolmill … | head`` prints nothing on standard error and ends like any tool whose pipe broke."""
    command, *rest = words
    with subprocess.Popen(
        [sys.executable, "-m", "console", command, str(tiny.root), *rest],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        said = child.stderr.read()
    assert said == b""
    assert child.returncode == 141


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_printable_is_total_and_idempotent(text: str) -> None:
    """No control character is left but line ends and tabs, and ordinary text is untouched."""
    shown = printable(text)
    assert printable(shown) == shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", shown)
