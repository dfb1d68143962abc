"""Measure an encoder of quality: parity of its exports, whether a score depends on its batch, documents a CPU second.

    python -m benchmarks.encoder STUDENT MODEL --data DIR [--documents 24] [--out FILE.md]

STUDENT is what ``encoder_clf train`` wrote, MODEL its 8-bit export. Parity is measured on the pages of the exam and on labelled short
texts. The contenders of speed read the same documents, each long enough to fill the window, one thread each, in turns: transformers'
own text-classification pipeline over the whole encoder, and what ships. CPU seconds are the process's; only ratios within one run
mean something on a busy machine. The cost sheet is arithmetic from them.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.encoder.export import by_torch, parity, quantised, running, scores_of, to_onnx
from classifiers.encoder.form import added
from classifiers.encoder.heads import Head
from classifiers.encoder.reading import Reading, reader
from classifiers.encoder.scorer import Scorer, load, session
from classifiers.encoder.student import Student, Trained, load_encoder, place_of
from classifiers.encoder.student import load as load_student
from classifiers.encoder.windows import Rule
from classifiers.quality.pages import read as read_pages
from classifiers.tasks import short_texts

LENGTHS = (256, 512)
ROUNDS = 2
SHORT = 150
"""Labelled short texts that parity is measured on."""
A_BILLION = 1e9
HOUR = 3_600
H200_FLOPS = 790e12
"""Dense bf16 matrix work of an H200-class GPU a second."""
SHARE_OF_PEAK = 0.2
"""What of it a small encoder is taken to get: an assumption, nobody measured it here."""


@dataclass(frozen=True, slots=True)
class Contender:
    """What scores documents: its name, and the call."""

    name: str
    call: Callable[[Sequence[str]], Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print, or write to a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("student", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"))
    parser.add_argument("--documents", type=int, default=24, help="documents a round of the speed test")
    parser.add_argument("--out", type=Path, help="file to write to; by default standard output")
    given = parser.parse_args(argv)
    import torch

    torch.set_num_threads(1)
    trained, scorer = load_student(given.student), load(given.model, device="cpu")
    pages = [page.text for page in read_pages(Path(given.data), "exam") if page.text]
    texts = pages + [row["text"] for row, _ in zip(short_texts(Path(given.data), "exam"), range(SHORT), strict=False)]
    lines = [
        *_heading(scorer),
        *_parity(trained, scorer, texts),
        *_batches(scorer, pages[:40]),
        *_speed(trained, scorer, pages, given.documents),
    ]
    told = "\n".join(lines) + "\n"
    if given.out:
        given.out.write_text(told, encoding="utf-8")
    else:
        print(told)
    return 0


def _heading(scorer: Scorer) -> Iterator[str]:
    yield "# The encoder of quality: parity, batches, speed"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "onnxruntime", "tokenizers"))
    yield f"\nPython {platform.python_version()}, {libraries}; {platform.processor() or platform.machine()}, one thread."
    yield f"Model {scorer.card.name}, {scorer.card.parameters['precision']}, digest `{scorer.card.sha256[:16]}`."


def _parity(trained: Trained, scorer: Scorer, texts: Sequence[str]) -> Iterator[str]:
    read = [(text, reading) for text in texts if (reading := trained.reader.read(text)).windows]
    readings = [reading for _, reading in read]
    extra = np.array(added([text for text, _ in read], trained.form))
    full = to_onnx(trained.student)
    wanted = scores_of(readings, extra, by_torch(trained.student))
    exact = scores_of(readings, extra, running(full))
    shipped = np.array([one.score for one in scorer.score([text for text, _ in read])])
    yield f"\n## Parity\n\nScores of {len(read)} documents, their windows run alone; kept: the highest 70 %.\n"
    yield "| | against | largest difference | mean | Spearman | same kept set |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for name, found, other, against in (("fp32", exact, wanted, "torch"), ("int8, as shipped", shipped, exact, "fp32")):
        said = parity(found, other)
        yield f"| {name} | {against} | {said.max:.2g} | {said.mean:.2g} | {said.spearman:.4f} | {said.kept:.1%} |"


def _batches(scorer: Scorer, texts: Sequence[str]) -> Iterator[str]:
    together = scorer.score(texts)
    alone = [scorer.score([text])[0] for text in texts]
    backwards = scorer.score(texts[::-1])[::-1]
    padded = replace(scorer, batch=8).score(texts)
    off = max(abs((a.score or 0) - (b.score or 0)) for a, b in zip(alone, padded, strict=True))
    said = "equal bits" if alone == together == backwards else "DIFFERENT"
    yield f"\n## Batches\n\n{len(texts)} documents alone, together and in reverse: {said}."
    yield f"The same model in padded batches of 8, which `scorer.load` refuses for 8 bit: up to {off:.3f} apart."


def _speed(trained: Trained, scorer: Scorer, pages: Sequence[str], documents: int) -> Iterator[str]:
    rates: dict[tuple[str, int], float] = {}
    for length in LENGTHS:
        rule = Rule(length - len(scorer.reader.before) - len(scorer.reader.after), 1)
        texts = _filling(reader(scorer.reader.tokenizer, rule), pages)[:documents]
        contenders = _contenders(trained, scorer, rule, length)
        for name, rate in _rates(contenders, texts).items():
            rates[name, length] = rate
    names = list(dict.fromkeys(name for name, _ in rates))
    base = names[0]
    yield "\n## Documents a CPU second\n\nDocuments that fill the window; a document is one window of its head.\n"
    yield "| | " + " | ".join(f"{length} tokens | ratio" for length in LENGTHS) + " |"
    yield "| --- |" + " ---: |" * (2 * len(LENGTHS))
    for name in names:
        cells = " | ".join(f"{rates[name, length]:.1f} | {rates[name, length] / rates[base, length]:.2f}" for length in LENGTHS)
        yield f"| {name} | {cells} |"
    yield from _costs(trained, rates[names[-1], LENGTHS[0]], rates[base, LENGTHS[0]])


def _filling(made: Any, pages: Sequence[str]) -> list[str]:
    """Return pages that fill a window, cut to its own characters, so that no contender has to tokenise more."""
    found = []
    for page in pages:
        reading: Reading = made.read(page)
        if (
            reading.windows
            and reading.seen < 1
            and len(reading.windows[0]) == made.rule.tokens + len(made.before) + len(made.after)
        ):
            found.append(page[: int(reading.seen * len(page)) + 1])
    return found


def _contenders(trained: Trained, scorer: Scorer, rule: Rule, length: int) -> list[Contender]:
    whole, _ = load_encoder(replace(trained.spec, layers=None))
    head = Head(np.zeros(whole.config.hidden_size), 0.0)
    full = to_onnx(Student(whole, head).eval())
    own = replace(scorer, reader=reader(scorer.reader.tokenizer, rule))

    def running_on(model: bytes) -> Callable[[Sequence[str]], Any]:
        return replace(own, session=session(model), form=np.zeros(0)).score

    return [
        Contender("transformers pipeline, whole encoder, batches of 8", _pipeline(trained.spec.encoder, length, 8)),
        Contender("transformers pipeline, whole encoder, one by one", _pipeline(trained.spec.encoder, length, 1)),
        Contender("ONNX fp32, whole encoder", running_on(full)),
        Contender("ONNX int8, whole encoder", running_on(quantised(full))),
        Contender("ONNX fp32, student", running_on(to_onnx(trained.student))),
        Contender("ONNX int8, student, with form: as shipped", own.score),
    ]


def _pipeline(encoder: str, length: int, batch: int) -> Callable[[Sequence[str]], Any]:
    import transformers

    place = place_of(encoder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(place)
    tokenizer = transformers.AutoTokenizer.from_pretrained(place)
    made = transformers.pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    return lambda texts: made(list(texts), batch_size=batch, truncation=True, max_length=length)


def _rates(contenders: Sequence[Contender], texts: Sequence[str]) -> dict[str, float]:
    """Return the best rate of each contender over the rounds, in which they take turns."""
    best: dict[str, float] = {}
    for contender in contenders:
        contender.call(texts[:2])
    for _ in range(ROUNDS):
        for contender in contenders:
            start = time.process_time()
            contender.call(texts)
            rate = len(texts) / (time.process_time() - start)
            best[contender.name] = max(rate, best.get(contender.name, 0.0))
    return best


def _costs(trained: Trained, rate: float, base: float) -> Iterator[str]:
    config = trained.student.encoder.config
    weights = config.num_hidden_layers * (4 * config.hidden_size**2 + 2 * config.hidden_size * config.intermediate_size)
    work = 2 * weights * LENGTHS[0]
    yield f"\n## Cost of 10^9 documents, {LENGTHS[0]} tokens each (arithmetic, not measured)\n"
    yield "| | hours |\n| --- | ---: |"
    yield f"| CPU core, transformers pipeline | {A_BILLION / base / HOUR:,.0f} |"
    yield f"| CPU core, as shipped | {A_BILLION / rate / HOUR:,.0f} |"
    seconds = A_BILLION * work / (H200_FLOPS * SHARE_OF_PEAK)
    yield (
        f"| one H200-class GPU: {work / 1e9:.2f} GFLOP a document at {SHARE_OF_PEAK:.0%} of {H200_FLOPS / 1e12:.0f} TFLOP/s, "
        f"if tokenising keeps up | {seconds / HOUR:.1f} |"
    )


if __name__ == "__main__":
    sys.exit(main())
