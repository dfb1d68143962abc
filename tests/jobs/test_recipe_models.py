"""The models that a recipe names: found by name and version, in a store before what ships, and part of the fingerprint."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from classifiers.registry import CARD, MODELS, folder
from conf.load import resolve
from conf.schema import Recipe
from jobs import clean, score
from jobs.errors import JobError
from jobs.models import quality
from jobs.predicates import quality_ranks
from udfs.quality import FASTTEXT

LLAMA3 = Path(__file__).resolve().parents[2] / "conf" / "llama3.yaml"


def recipe(*overrides: str) -> Recipe:
    return resolve(LLAMA3, ["input.paths=nowhere", "output.path=nowhere", *overrides]).recipe


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with the shipped model of quality under another name and version, and other percentiles."""
    own = tmp_path / "store" / "mine"
    own.mkdir(parents=True)
    shutil.copy(folder() / "quality.ftz", own / "model.ftz")
    card = replace(
        MODELS["quality"], name="mine", file="model.ftz", version="7", percentiles={"quantiles": {"": [0.0, 0.5, 1.0]}}
    )
    (own / CARD).write_text(card.to_json(), encoding="utf-8")
    return tmp_path / "store"


def test_by_default_the_shipped_model_scores() -> None:
    """Name, version and digest of the model stand in the fingerprint of what it scores."""
    shipped = MODELS["quality"]
    assert clean.STAGE.models(recipe())[f"quality@{shipped.version}"] == shipped.sha256


def test_a_model_of_the_store_scores_and_ranks(store: Path) -> None:
    """A recipe names model, version and store; scores and percentiles are that model's."""
    own = recipe("clean.quality_model=mine@7", f"clean.store={store}")
    assert quality(own.clean).path == store / "mine" / "model.ftz"
    assert "mine@7" in clean.STAGE.models(own)
    assert quality_ranks(own)[FASTTEXT] == {"": [0.0, 0.5, 1.0]}
    assert score.STAGE.models(own) != score.STAGE.models(recipe())


@pytest.mark.parametrize("named", ["mine@8", "nobody"])
def test_a_model_that_is_not_there_is_one_line(named: str, store: Path) -> None:
    """The setting is named, with all models that there are."""
    with pytest.raises(JobError, match=r"^clean\.quality_model: there is no model .*mine@7.*$"):
        clean.STAGE.models(recipe(f"clean.quality_model={named}", f"clean.store={store}"))
