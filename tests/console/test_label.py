"""The commands of labelling, from a run to labels that are compared, and what goes wrong on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from console import cli
from jobs.store import Run

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("sample", "ask", "compare", "import")
MODEL = "teacher-1"


class Teacher(ThreadingHTTPServer):
    """An endpoint that gives a score by the length of the page, after a while, or an HTTP error."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.asked: list[str] = []
        self.answered: list[str] = []
        self.keys: list[str | None] = []
        self.status, self.delay = 200, 0.0


class Answers(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Teacher

    def do_GET(self) -> None:
        self.send({"data": [{"id": MODEL}]})

    def do_POST(self) -> None:
        page = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][1]["content"]
        teacher = self.server
        teacher.asked.append(page)
        teacher.keys.append(self.headers["Authorization"])
        time.sleep(teacher.delay)
        if teacher.status != 200:
            self.send({"error": {"message": "no"}})
            return
        answer = json.dumps({"meets": len(page) > 300, "score": len(page) % 6, "flags": []})
        usage = {"prompt_tokens": 500, "completion_tokens": 20}
        self.send({"model": MODEL, "choices": [{"message": {"content": answer}, "finish_reason": "stop"}], "usage": usage})
        teacher.answered.append(page)

    def send(self, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(200 if self.command == "GET" else self.server.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """A running endpoint."""
    with Teacher() as made:
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A sample of twelve pages."""
    path = tmp_path / "sample.parquet"
    urls = [f"https://d{n}.example/" for n in range(12)]
    table = pa.table({"id": [bytes([n]) for n in range(12)], "text": [f"Page {n} " * n for n in range(12)], "url": urls})
    pq.write_table(table, path)
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def ask(teacher: Teacher, pages: Path, *more: str) -> list[str]:
    """The words of a labelling."""
    return ["label", "ask", str(pages), "--out", str(pages.with_name("l.jsonl")), "--url", teacher.url, "--model", MODEL, *more]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    """Help has an example that begins with the command."""
    done = CliRunner().invoke(cli.app, ["label", command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert done.exit_code == 0
    assert f"Example: woolmill label {command}" in done.output
    assert "--json" in done.output


def test_from_a_run_to_labels(tiny: Run, teacher: Teacher, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sample, ask, label by hand, import, compare: each file is what the next command takes."""
    sample = tmp_path / "sample.parquet"
    assert cli.main(["label", "sample", str(tiny.root), "--out", str(sample), "--size", "50", "--json"]) == 0
    drawn = json.loads(capsys.readouterr().out)
    assert (drawn["documents"], drawn["stands_for"]) == (7, 7)
    assert cli.main(ask(teacher, sample, "--json")) == 0
    out, err = capsys.readouterr()
    assert "7/7 questions: 7 ok" in err
    labels = rows(tmp_path / "l.jsonl")
    said = json.loads(out)
    assert (said["ok"], sum(said["by_label"].values()), set(said["by_label"])) == (7, 7, {str(row["label"]) for row in labels})
    assert {row["prompt"] for row in labels} == {"quality"}
    assert teacher.keys == [None] * 7

    hand = tmp_path / "hand.csv"
    hand.write_text(
        "url,score,why\n" + "".join(f'"{row["url"].replace(chr(34), chr(34) * 2)}",{row["label"]},x\n' for row in labels)
    )
    imported = [
        "label",
        "import",
        str(hand),
        "--out",
        str(tmp_path / "hand.jsonl"),
        "--sample",
        str(sample),
        "--by",
        "me",
        "--json",
    ]
    assert cli.main(imported) == 0
    assert json.loads(capsys.readouterr().out)["without_an_id"] == 0
    assert {(row["model"], row["id"]) for row in rows(tmp_path / "hand.jsonl")} == {("me", row["id"]) for row in labels}
    assert cli.main(["label", "compare", str(tmp_path / "l.jsonl"), str(tmp_path / "hand.jsonl"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["accuracy"]["value"], found["only_in_a"]) == (7, 1.0, 0)
    assert cli.main(["label", "compare", str(tmp_path / "l.jsonl"), str(hand)]) == 0
    assert "weighted kappa" in capsys.readouterr().out


def test_an_estimate_asks_nothing(teacher: Teacher, pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Requests, tokens and money by the prices of the settings; no server, no ledger, no labels."""
    assert cli.main(ask(teacher, pages, "--estimate", "--json", "label.price_in=2", "label.price_out=10")) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["documents"], found["requests"]) == (12, 12)
    assert found["cost"] == pytest.approx((2 * found["tokens_in"] + 10 * found["tokens_out"]) / 1e6)
    assert teacher.asked == []
    assert [path.name for path in pages.parent.iterdir()] == [pages.name]


def test_a_large_run_wants_a_yes(teacher: Teacher, pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Above the limit, by money or by requests, nothing is asked without --yes where nobody sits; below it, nobody is asked."""
    for limit in (["label.price_in=1", "label.price_out=1", "label.ask_above=0.001"], ["label.ask_above_requests=11"]):
        assert cli.main(ask(teacher, pages, *limit)) == 2
        err = capsys.readouterr().err
        assert "12 questions" in err
        assert "give --yes" in err
        assert teacher.asked == []
    assert cli.main(ask(teacher, pages, "--yes", "label.ask_above_requests=11")) == 0
    assert cli.main(ask(teacher, pages, "label.ask_above_requests=0")) == 0, "all is there: nothing is large about it"


def test_the_key_comes_from_the_environment(
    teacher: Teacher, pages: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is sent, and neither printed nor written."""
    monkeypatch.setenv("MY_KEY", "sk-secret")
    assert cli.main(ask(teacher, pages, "label.key_env=MY_KEY")) == 0
    assert set(teacher.keys) == {"Bearer sk-secret"}
    assert not any("sk-secret" in text for text in capsys.readouterr())
    assert not any(b"sk-secret" in path.read_bytes() for path in pages.parent.iterdir())


def test_a_recipe_sets_the_teacher(teacher: Teacher, pages: Path) -> None:
    """Section `label` of a recipe holds where options say nothing; overrides win over it."""
    recipe = pages.with_name("r.yaml")
    section = f"label: {{url: {teacher.url}, model: {MODEL}, prompt: multilingual, seed: 5}}"
    recipe.write_text(f"name: r\nstages: [extract]\n{section}\n")
    words = ["label", "ask", str(pages), "--out", str(pages.with_name("m.jsonl")), "--recipe", str(recipe), "--prompt", "quality"]
    assert cli.main([*words, "label.concurrency=2"]) == 0
    assert rows(pages.with_name("m.jsonl"))[0]["prompt"] == "quality"


def test_a_recipe_without_a_teacher_wants_one(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No model is guessed."""
    recipe = pages.with_name("r.yaml")
    recipe.write_text("name: r\nstages: [extract]\n")
    assert cli.main(["label", "ask", str(pages), "--out", "l.jsonl", "--recipe", str(recipe)]) == 2
    assert "no model is named: give --model NAME" in capsys.readouterr().err


FAULTS = {
    "a wrong model": (200, ["--model", "llama"], 1, "has no model 'llama'; it has teacher-1"),
    "401": (401, [], 1, "a key is needed and none is set"),
    "404": (404, [], 1, "does the address end in /v1"),
    "400": (400, [], 1, "12 questions failed (HTTP 400: no); the same command asks them again"),
    "500": (
        500,
        ["label.attempts=1", "label.min_questions=5"],
        1,
        "5 of 5 questions failed, more than 2%; mostly: HTTP 500: no, 1 times",
    ),
    "down": (200, ["--url", "http://127.0.0.1:9/v1"], 1, "is the server running"),
    "no prompt": (200, ["--prompt", "qality"], 2, "there is no prompt 'qality'"),
    "no setting": (200, ["label.sed=1"], 2, "label.sed"),
    "a budget without prices": (200, ["label.budget=1"], 2, "needs label.price_in"),
}


@pytest.mark.parametrize(("status", "more", "code", "says"), FAULTS.values(), ids=FAULTS)
def test_faults_are_one_line(
    status: int, more: list[str], code: int, says: str, teacher: Teacher, pages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was seen and what to do; 2 where the call is wrong, 1 where the teacher did not answer."""
    teacher.status = status
    assert cli.main(ask(teacher, pages, "label.concurrency=1", *more)) == code
    out, err = capsys.readouterr()
    assert says in err
    assert "Traceback" not in err
    assert out == "" or status == 400
    assert len([line for line in err.splitlines() if line.startswith("error: ")]) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["sample", "nowhere", "--out", "x.parquet"], 2, "no run in nowhere"),
        (["ask", "{tmp}/none.parquet", "--out", "{tmp}/l.jsonl", "--model", "m"], 1, "no such file"),
        (["compare", "{tmp}/a.csv", "{tmp}/none.jsonl"], 2, "No such file"),
        (["compare", "{tmp}/a.csv", "{tmp}/b.csv"], 1, "no pages that both have labelled"),
        (["import", "{tmp}/bad.csv", "--out", "{tmp}/x.jsonl"], 2, "bad.csv, line 2: has no label"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each names the file."""
    for name, text in (("a.csv", "url,label\nx,1\n"), ("b.csv", "url,label\ny,1\n"), ("bad.csv", "url,label\nx,\n")):
        (tmp_path / name).write_text(text)
    assert cli.main(["label", *(word.format(tmp=tmp_path) for word in words)]) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert says in err


def test_a_killed_labelling_goes_on(teacher: Teacher, pages: Path) -> None:
    """SIGKILL in the middle: the ledger keeps what was answered, and only what was under way is asked a second time."""
    teacher.delay = 0.3
    command = [sys.executable, "-m", "console", *ask(teacher, pages, "label.concurrency=2")]
    ledger = pages.with_name("l.ledger.jsonl")
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as asking:
        while not ledger.exists() or ledger.read_bytes().count(b"\n") < 4:
            time.sleep(0.01)
        os.kill(asking.pid, signal.SIGKILL)
    time.sleep(0.5)
    kept = ledger.read_bytes().count(b"\n")
    assert 4 <= kept < 12
    lost = len(teacher.asked) - kept
    assert lost <= 2
    teacher.delay = 0.0
    assert cli.main(command[3:]) == 0
    assert len(teacher.asked) == 12 + lost
    assert len(rows(pages.with_name("l.jsonl"))) == 12
