"""Training and export of an encoder, on a tiny RoBERTa built from scratch (tested with torch 2.13.0 and transformers 5.23.0)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra encoder is not installed: pip install 'woolmill[encoder]'")
pytest.importorskip("transformers", reason="the extra encoder is not installed: pip install 'woolmill[encoder]'")
pytest.importorskip("onnx", reason="the extra encoder is not installed: pip install 'woolmill[encoder]'")
pytest.importorskip("onnxruntime", reason="the extra encoder is not installed: pip install 'woolmill[encoder]'")

import torch

from classifiers.encoder import export, small, train, tuning
from classifiers.encoder.scorer import load as load_model
from classifiers.encoder.student import Spec, Student, batch_of, load, load_encoder, save
from classifiers.encoder.train import Plan, Taught
from classifiers.encoder.tuning import CheckpointError, Lesson, Tuning, tune
from classifiers.encoder.windows import Rule
from classifiers.encoder_clf import main
from classifiers.fasttext_clf import Example

LABELS = Path(__file__).parents[1] / "data" / "encoder" / "labels.jsonl"
ROWS = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
TEXTS = [row["text"] for row in ROWS]
SHAPE = small.Shape(vocabulary=300, units=16, layers=2, heads=2, inner=32, positions=40)
TUNING = Tuning(layers=1, epochs=6, batch=4, lr=1e-2, every=3, patience=50)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Sums on one thread are added in one order."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder's folder."""
    folder = tmp_path_factory.mktemp("encoder") / "tiny"
    small.build(TEXTS, SHAPE, folder)
    return folder


def spec(encoder: Path, layers: int | None = None) -> Spec:
    """Return what a student on the tiny encoder is made of."""
    return Spec(str(encoder), layers, Rule(20, 2))


def taught() -> list[Taught]:
    """Return the examples, two a domain."""
    return [Taught(Example(row["text"], row["label"], row["domain"])) for row in ROWS]


def lessons(encoder: Path) -> tuple[Student, Lesson, Lesson]:
    """Return a student, what it learns from and what it is judged on."""
    plan = Plan(spec(encoder), form=False)
    loaded, reader = load_encoder(plan.spec)
    _, numbers = train.course(taught(), plan, reader)
    units = train.embed(loaded, numbers.readings)
    head = train.fit(units, numbers.truth, numbers.weights, 0.1)
    parts = numbers.where(numbers.folds != 4), numbers.where(numbers.folds == 4)
    return Student(loaded, head), parts[0].lesson(), parts[1].lesson()


def weights(student: Student) -> bytes:
    """Return all weights of a student."""
    return b"".join(value.numpy().tobytes() for value in student.state_dict().values())


def test_an_encoder_from_scratch_is_the_same_twice(encoder: Path, tmp_path: Path) -> None:
    """The same texts and seed give the same vocabulary and weights; another seed gives others."""
    small.build(TEXTS, SHAPE, tmp_path / "again")
    small.build(TEXTS, SHAPE, tmp_path / "other", seed=2)
    for name in ("tokenizer.json", "model.safetensors"):
        assert (encoder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert (encoder / "model.safetensors").read_bytes() != (tmp_path / "other" / "model.safetensors").read_bytes()
    with pytest.raises(ValueError, match="no room for all bytes"):
        small.build(TEXTS, small.Shape(vocabulary=100), tmp_path / "none")


def test_a_student_is_the_same_twice_and_reads_back(encoder: Path, tmp_path: Path) -> None:
    """Two trainings give the same student, and a saved one scores as it did."""
    plan = Plan(spec(encoder))
    _, reader = load_encoder(plan.spec)
    _, numbers = train.course(taught(), plan, reader)
    one, two = (train.teach(numbers, plan, tmp_path / name) for name in ("a", "b"))
    assert weights(one.student) == weights(two.student)
    assert one.form == two.form
    save(tmp_path / "student", one, {"held_out.jsonl": "{}\n"})
    again = load(tmp_path / "student")
    assert weights(again.student) == weights(one.student)
    assert (again.spec, again.form) == (one.spec, one.form)


def test_no_domain_is_on_both_sides(encoder: Path) -> None:
    """The examples of a domain are in one fold, and each is scored by a student that has not seen it."""
    plan = Plan(spec(encoder), form=False)
    _, reader = load_encoder(plan.spec)
    kept, numbers = train.course(taught(), plan, reader)
    folds: dict[str, set[int]] = {}
    for one, fold in zip(kept, numbers.folds.tolist(), strict=True):
        folds.setdefault(one.example.group, set()).add(fold)
    assert all(len(found) == 1 for found in folds.values())
    assert len(set(numbers.folds.tolist())) == 5


def test_a_killed_embedding_does_nothing_twice(encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was embedded before is read from the cache, with equal numbers."""
    loaded, reader = load_encoder(spec(encoder))
    readings = [reader.read(text) for text in TEXTS]
    monkeypatch.setattr(train, "_CHUNK", 6)
    first = train.embedded(loaded, readings, tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    monkeypatch.setattr(train, "embed", lambda *_args, **_more: pytest.fail("embedded twice"))
    assert np.array_equal(train.embedded(loaded, readings, tmp_path), first)


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
sys.path.insert(0, sys.argv[3])
import test_encoder_training as own
from classifiers.encoder import tuning
torch.set_num_threads(1)
student, lesson, held = own.lessons(Path(sys.argv[1]))
write, count = tuning._write, []
def killing(*given):
    write(*given)
    count.append(1)
    if len(count) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
tuning._write = killing
tuning.tune(student, lesson, held, own.TUNING, Path(sys.argv[2]))
"""


def test_a_killed_run_ends_as_one_that_was_not(encoder: Path, tmp_path: Path) -> None:
    """A fine-tuning that is killed in the middle and started again has the weights of an uninterrupted one, bit by bit."""
    student, lesson, held = lessons(encoder)
    whole = tune(student, lesson, held, TUNING, tmp_path / "whole.pt")
    command = [sys.executable, "-c", KILLED, str(encoder), str(tmp_path / "killed.pt"), str(Path(__file__).parent)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL
    resumed, lesson, held = lessons(encoder)
    state = tune(resumed, lesson, held, TUNING, tmp_path / "killed.pt")
    assert state.losses == whole.losses
    assert weights(resumed) == weights(student)
    assert len(whole.losses) > 4
    assert min(loss for _, loss in whole.losses) == whole.best


def test_a_checkpoint_of_another_training_is_refused(encoder: Path, tmp_path: Path) -> None:
    """Other settings, other data, a torn file: one line that says what to do."""
    student, lesson, held = lessons(encoder)
    tune(student, lesson, held, Tuning(layers=1, epochs=1, batch=8, every=1), tmp_path / "c.pt")
    for settings, data in (
        (Tuning(layers=1, epochs=2, batch=8, every=1), lesson),
        (Tuning(layers=1, epochs=1, batch=8, every=1), held),
    ):
        fresh, _, _ = lessons(encoder)
        with pytest.raises(CheckpointError, match="another training"):
            tune(fresh, data, held, settings, tmp_path / "c.pt")
    (tmp_path / "c.pt").write_bytes((tmp_path / "c.pt").read_bytes()[:100])
    with pytest.raises(CheckpointError, match="delete it"):
        tune(lessons(encoder)[0], lesson, held, TUNING, tmp_path / "c.pt")


def test_only_upper_layers_learn_and_the_best_look_stays(encoder: Path, tmp_path: Path) -> None:
    """Lower layers stay as they were; training stops when looks get no better, with the weights of the best one."""
    student, lesson, held = lessons(encoder)
    before = {name: value.clone() for name, value in student.state_dict().items()}
    state = tune(student, lesson, held, Tuning(layers=1, epochs=40, batch=4, lr=5e-2, every=2, patience=3), tmp_path / "c.pt")
    after = student.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith(("head.", "encoder.encoder.layer.1.")) for name in changed)
    assert state.step < 40 * 4
    assert float(tuning.losses(student, held) @ held.weights / held.weights.sum()) == pytest.approx(state.best, abs=1e-9)


def test_an_export_scores_as_torch_does(encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Float32 is within a ten-thousandth of torch, 8 bit ranks the same; what is further off is refused and leaves nothing."""
    plan = Plan(spec(encoder))
    _, reader = load_encoder(plan.spec)
    _, numbers = train.course(taught(), plan, reader)
    trained = train.teach(numbers, plan, tmp_path / "work")
    full = export.to_folder(trained, tmp_path / "fp32", name="full", precision="fp32", texts=TEXTS)
    small_one = export.to_folder(trained, tmp_path / "int8", name="small", precision="int8", texts=TEXTS)
    assert full.metrics["parity"]["fp32_against_torch"]["max"] <= 1e-4
    assert small_one.metrics["parity"]["int8_against_fp32"]["spearman"] > 0.9
    assert (small_one.parameters["batches"], full.parameters["batches"]) == (False, True)
    scored = [one.score for one in load_model(tmp_path / "fp32", device="cpu").score(TEXTS)]
    features = np.column_stack((train.embed(trained.student.encoder, numbers.readings), numbers.form))
    wanted = train._head(features, numbers, np.ones(len(TEXTS), dtype=np.bool_)).probabilities(features)
    assert np.abs(np.array(scored) - wanted).max() < 1e-4
    monkeypatch.setattr(export, "NEAR", -1.0)
    with pytest.raises(export.ExportError, match="from torch"):
        export.to_folder(trained, tmp_path / "none", name="none", precision="fp32", texts=TEXTS)
    assert not (tmp_path / "none").exists()


def test_lower_layers_can_be_kept_alone(encoder: Path) -> None:
    """A student on fewer layers is an encoder of so many; more than there are, and windows that are too long, are refused."""
    cut, _ = load_encoder(spec(encoder, 1))
    ids, mask = batch_of([(0, 5, 6, 2)], 1)
    with torch.no_grad():
        hidden = load_encoder(spec(encoder))[0](input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[1]
        assert torch.allclose(cut(input_ids=ids, attention_mask=mask).last_hidden_state, hidden, atol=1e-6)
    with pytest.raises(LookupError, match="3 cannot be kept"):
        load_encoder(spec(encoder, 3))
    with pytest.raises(LookupError, match="reads 40 tokens at most"):
        load_encoder(Spec(str(encoder), None, Rule(39)))


@pytest.mark.parametrize(
    ("rows", "said"), [([{"text": "a", "label": "yes", "id": "1"}], "labels of two classes"), ([], "labels of two")]
)
def test_labels_of_one_class_stop_with_one_line(
    rows: list[dict[str, str]], said: str, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Labels that teach nothing end the command with status 2 and one line."""
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main(["train", "--labels", str(path), "--encoder", str(encoder), "--out", str(tmp_path / "s")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_from_labels_to_scores_by_the_command_line(encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Train, export, score, distil: each command reads what the one before has written."""
    student, model, copy = tmp_path / "student", tmp_path / "model", tmp_path / "copy"
    common = ["--encoder", str(encoder), "--layers", "0", "--tokens", "30", "--tune", "1", "--epochs", "1"]
    assert main(["train", "--labels", str(LABELS), *common, "--out", str(student)]) == 0
    held = [json.loads(line) for line in (student / "held_out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["label"] for row in held] == ["yes", "no"] * 10
    assert all(0 <= row["score"] <= 1 for row in held)
    assert main(["export", str(student), "--out", str(model), "--texts", str(LABELS)]) == 0
    capsys.readouterr()
    assert main(["score", str(model), str(LABELS), "--device", "cpu"]) == 0
    scored = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in scored] == [row["id"] for row in ROWS]
    command = ["distil", str(encoder), "--teacher", str(model), "--texts", str(LABELS), "--tokens", "30", "--epochs", "2"]
    assert main([*command, "--out", str(copy)]) == 0
    assert load_encoder(Spec(str(copy), None, Rule(30)))[0].config.num_hidden_layers == 2


def test_an_encoder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that holds no encoder ends the command with one line."""
    assert main(["train", "--labels", str(LABELS), "--encoder", str(tmp_path), "--out", str(tmp_path / "s")]) == 2
    assert "cannot be loaded" in capsys.readouterr().err
