r"""Measure the classifier of knowledge classes on its exam: pages labelled by reading, of domains it was not trained on.

    python -m benchmarks.knowledge $WOOLMILL_DATA [--model FILE.npz] [--fasttext]

Prints the accuracy with a 95 % interval (bootstrap over registered domains), alone and with the reader's second class as right; by
source, by language (as the pipeline identifies it) and for manuals and web pages in other languages than English; recall and
precision by class; what is left above a limit on the probability; the confusion matrix; and the speed. ``--fasttext`` trains a
fastText model on the same examples and measures it beside.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.fasttext_clf import Example, Recipe, prepare, train
from classifiers.knowledge.examples import WARC, Labelled, read, seed_examples, weak_examples
from classifiers.knowledge.features import Page
from classifiers.knowledge.model import Guess, Knowledge, load
from classifiers.knowledge.model import read as read_model
from classifiers.registry import path_of
from udfs.fasttext import FastText
from udfs.language import identify

ROUNDS = 2_000
LIMITS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
FASTTEXT = Recipe(lr=0.5, epochs=30, dim=50, word_ngrams=1, min_count=1, bucket=0, cutoff=40_000)

Hits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of the exam with its language and what the model says of it."""

    page: Labelled
    language: str
    guess: Guess

    @property
    def right(self) -> bool:
        """Whether the class is the reader's."""
        return self.guess.label == self.page.label

    @property
    def either(self) -> bool:
        """Whether it is the reader's first or second."""
        return self.guess.label in (self.page.label, self.page.second)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, default=None, help="another model than the shipped one")
    parser.add_argument("--fasttext", action="store_true", help="train and measure a fastText model beside")
    arguments = parser.parse_args(argv)
    model = read_model(arguments.model) if arguments.model else load()
    exam = read(arguments.data, "exam")
    lid = FastText(path_of("lid.176"))
    languages = [identify(one.page.text, model=lid).lang for one in exam]
    answers = [Answer(one, lang, model.guess(one.page)) for one, lang in zip(exam, languages, strict=True)]
    report(answers)
    speed(model, [one.page for one in exam])
    if arguments.fasttext:
        print("\nfastText on the same examples")
        guess = _fasttext(arguments.data)
        overall([Answer(one, lang, guess(one.page)) for one, lang in zip(exam, languages, strict=True)])
    return 0


def report(answers: Sequence[Answer]) -> None:
    overall(answers)
    table("source", answers, lambda one: one.page.source)
    table("language", answers, lambda one: one.language)
    table(
        "manuals, not in English",
        [a for a in answers if a.page.source == WARC and a.language != "en"],
        lambda one: one.page.group,
    )
    table("web, not in English", [a for a in answers if a.page.source != WARC and a.language != "en"], lambda one: one.language)
    by_class(answers)
    by_limit(answers)
    confusion(answers)


def overall(answers: Sequence[Answer]) -> None:
    groups = [one.page.group for one in answers]
    for name, hits in (
        ("accuracy", np.array([one.right for one in answers])),
        ("accuracy, second class counts", np.array([one.either for one in answers])),
    ):
        low, high = interval(hits, groups)
        print(f"{name:<32}{hits.mean():.3f}  [{low:.3f}, {high:.3f}]  {len(hits)} pages, {len(set(groups))} domains")
    recalls = [np.mean([a.right for a in answers if a.page.label == c]) for c in sorted({a.page.label for a in answers})]
    print(f"{'mean recall of the classes':<32}{np.mean(recalls):.3f}  {len(recalls)} classes occur")


def interval(hits: Hits, groups: Sequence[str]) -> tuple[float, float]:
    """Return the 95 % interval of a mean, by drawing whole groups with replacement."""
    names = sorted(set(groups))
    place = {name: at for at, name in enumerate(names)}
    right, count = np.zeros(len(names)), np.zeros(len(names))
    for hit, group in zip(hits.tolist(), groups, strict=True):
        right[place[group]] += hit
        count[place[group]] += 1
    drawn = np.random.default_rng(1).integers(0, len(names), size=(ROUNDS, len(names)))
    means = right[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def table(title: str, answers: Sequence[Answer], key: Callable[[Answer], str]) -> None:
    rows: dict[str, list[Answer]] = defaultdict(list)
    for one in answers:
        rows[key(one)].append(one)
    print(f"\n{title:<32}{'pages':>6}{'accuracy':>10}{'or second':>11}")
    for name, some in sorted(rows.items(), key=lambda row: (-len(row[1]), row[0])):
        print(f"{name:<32}{len(some):>6}{np.mean([a.right for a in some]):>10.3f}{np.mean([a.either for a in some]):>11.3f}")
    if answers:
        print(
            f"{'all':<32}{len(answers):>6}{np.mean([a.right for a in answers]):>10.3f}{np.mean([a.either for a in answers]):>11.3f}"
        )


def by_class(answers: Sequence[Answer]) -> None:
    true = Counter(one.page.label for one in answers)
    said = Counter(one.guess.label or "-" for one in answers)
    right = Counter(one.page.label for one in answers if one.right)
    print(f"\n{'class':<32}{'pages':>6}{'recall':>10}{'precision':>11}")
    for name, count in sorted(true.items(), key=lambda item: (-item[1], item[0])):
        precision = f"{right[name] / said[name]:.2f}" if said[name] else "-"
        print(f"{name:<32}{count:>6}{right[name] / count:>10.2f}{precision:>11}")


def by_limit(answers: Sequence[Answer]) -> None:
    print(f"\n{'probability from':<32}{'share':>6}{'accuracy':>10}{'or second':>11}{'mean p':>9}")
    for limit in LIMITS:
        some = [one for one in answers if (one.guess.probability or 0.0) >= limit]
        if some:
            means = [np.mean([a.right for a in some]), np.mean([a.either for a in some])]
            mean = np.mean([a.guess.probability for a in some])
            print(f"{limit:<32}{len(some) / len(answers):>6.2f}{means[0]:>10.3f}{means[1]:>11.3f}{mean:>9.3f}")


def confusion(answers: Sequence[Answer]) -> None:
    names = sorted({one.page.label for one in answers} | {one.guess.label or "-" for one in answers})
    counts = Counter((one.page.label, one.guess.label or "-") for one in answers)
    print(f"\nconfusion: rows are the reader's classes, columns the model's, by their first four letters\n{'':<22}", end="")
    print("".join(f"{name[:4]:>5}" for name in names))
    for row in names:
        print(f"{row:<22}" + "".join(f"{counts[row, column] or '.':>5}" for column in names))


def speed(model: Knowledge, pages: Sequence[Page]) -> None:
    started = time.process_time()
    for page in pages:
        model.guess(page)
    print(f"\n{len(pages) / (time.process_time() - started):,.0f} pages a CPU second")


def _fasttext(data: Path) -> Callable[[Page], Guess]:
    made = [*weak_examples(data), *seed_examples()]
    examples = [Example(_line(one.page), one.label, one.group) for one in [*read(data, "train"), *made]]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "knowledge.ftz"
        train(examples, FASTTEXT, path)
        print(f"{path.stat().st_size:,} bytes")
        model = FastText(path)
    return lambda page: Guess(*model.predict(prepare(_line(page)), 1)[0])


def _line(page: Page) -> str:
    address = page.url.partition("://")[2].removeprefix("www.")
    return f"{address} {page.title} {page.title} {page.text[:3000]}"


if __name__ == "__main__":
    sys.exit(main())
