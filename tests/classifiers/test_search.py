"""The search of hyper-parameters: a fixed order, a budget, and a choice by domains that were not seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, islice

import pytest

from classifiers import search as module
from classifiers.fasttext_clf import Example, Recipe, TrainingError
from classifiers.search import Budget, candidates, held_out, judged, search

WORDS = ("river", "stone", "garden", "letter", "winter", "morning", "teacher", "bridge")
TINY = Recipe(lr=0.5, epochs=5, dim=4, min_count=1, bucket=2_000, cutoff=1_000)


def toy(sites: int = 6) -> list[Example]:
    """Make sentences and offers of some sites."""
    examples = []
    for i in range(120):
        first, second = (f"{WORDS[(i * k) % len(WORDS)]}{chr(97 + i % 23)}" for k in (1, 3))
        examples.append(Example(f"The {first} lies behind the {second}, and it is old.", "good", f"site{i % sites}.example"))
        examples.append(Example(f"{first} $ buy {second} ! cheap $ 9 now !", "bad", f"site{i % sites}.example"))
    return examples


def ticking(step: float) -> Callable[[], float]:
    """Return a clock that goes on by so much each time it is looked at."""
    ticks: Iterator[int] = count()
    return lambda: next(ticks) * step


def test_candidates_have_one_order_without_repeats() -> None:
    """The base comes first, then what differs in one setting, then in two; none comes twice."""
    every = list(candidates(Recipe()))
    assert every[0] == Recipe()
    assert len(every) == len(set(every)) == 3 * 4 * 3 * 2 * 2
    assert list(islice(candidates(Recipe()), 40)) == every[:40]
    moved = [sum(getattr(one, name) != getattr(Recipe(), name) for name in module.GRID) for one in every]
    assert moved == sorted(moved)
    assert len(list(candidates(Recipe(epochs=99)))) == len(set(candidates(Recipe(epochs=99)))) == 3 * 5 * 3 * 2 * 2


@pytest.mark.parametrize(("seconds", "tried"), [(0.0, 1), (1.0, 1), (2.5, 3), (1e9, 6)])
def test_a_longer_budget_only_adds_candidates(seconds: float, tried: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is always tried; each longer budget tries those of the shorter one and then more, up to the number given."""
    monkeypatch.setattr(module, "judged", lambda _e, _l, recipe, _x: 0.5 + recipe.epochs / 100)
    found = search([], "good", Budget(seconds, 6), clock=ticking(1.0))
    assert [one.recipe for one in found.trials] == list(islice(candidates(Recipe()), tried))
    assert found.best.auc == max(one.auc for one in found.trials)
    assert json.dumps(found.to_json()["tried"][0]) == '{"auc": 0.62}'


def test_of_equal_candidates_the_first_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is gained, the settings stay the usual ones."""
    monkeypatch.setattr(module, "judged", lambda *_: 0.9)
    assert search([], "good", Budget(candidates=5)).best.recipe == Recipe()


def test_a_candidate_that_makes_no_model_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is recorded without a figure and never chosen; where none makes one, that is the error, with what to do."""

    def failing(_e: object, _l: object, recipe: Recipe, _x: object) -> float:
        if recipe.word_ngrams == bad:
            raise TrainingError("too few words")
        return 0.5 + recipe.word_ngrams / 10

    monkeypatch.setattr(module, "judged", failing)
    bad = 1
    found = search([], "good", Budget(candidates=3))
    assert found.best.recipe.word_ngrams == 3
    assert [one["auc"] for one in found.to_json()["tried"]] == [0.7, None, 0.8]
    bad = 2
    assert search([], "good", Budget(candidates=3)).best.recipe.word_ngrams == 3
    with pytest.raises(TrainingError, match="too few words; of 1 settings tried none makes a model: give more labels"):
        search([], "good", Budget(candidates=1))


def test_held_out_scores_come_from_models_that_saw_nothing_of_the_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is trained on a domain that it scores, and every example is scored once."""
    trained: list[set[str]] = []
    real = module.train

    def watched(examples: list[Example], *rest: object) -> None:
        trained.append({one.group for one in examples})
        real(examples, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "train", watched)
    examples = toy()
    extra = [replace(one, text=f"{one.text} Really.") for one in examples] + [Example("x y z", "bad", "elsewhere.example")]
    values, truth, fold = held_out(examples, "good", TINY, 3, extra)
    assert all("elsewhere.example" in groups for groups in trained)
    assert len(values) == len(truth) == len(fold) == len(examples)
    for own, groups in enumerate(trained):
        assert not groups & {one.group for one, at in zip(examples, fold.tolist(), strict=True) if at == own}
    assert (values > 0.5).tolist() == truth.tolist()


def test_one_domain_cannot_be_judged() -> None:
    """Examples of one site alone are an error that says what is missing."""
    with pytest.raises(ValueError, match=r"needs examples of two labels|examples of more domains"):
        judged(toy(1), "good", TINY)
