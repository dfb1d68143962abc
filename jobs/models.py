"""The models that a recipe names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from classifiers.encoder.scorer import read_card
from classifiers.registry import CardError, Model, find
from conf.quality import Encode
from conf.schema import Clean
from jobs.errors import JobError
from udfs.fasttext import ModelMissing

NAMED = "model:"


def quality(given: Clean) -> Model:
    """Return the fastText model that scores quality.

    Raises
    ------
    JobError
        When there is no model of that name.
    """
    try:
        return find(given.quality_model, Path(given.store) if given.store else None)
    except (ModelMissing, CardError) as error:
        raise JobError(f"clean.quality_model: {error}") from error


def encoder(given: Encode) -> Model:
    """Return the encoder of a recipe; whether its files are those of its card is asked by `Model.checked`.

    Raises
    ------
    JobError
        When the recipe names none, or one that is not there.
    """
    if given.model is None:
        raise JobError("encode.model names no model: give the folder of an exported encoder, or leave stage encode out")
    try:
        return _encoder(given.model, given.store)
    except (ModelMissing, CardError) as error:
        raise JobError(f"encode.model: {error}") from error


@lru_cache(maxsize=4)
def _encoder(model: str, store: str | None) -> Model:
    if model.startswith(NAMED):
        return find(model.removeprefix(NAMED), Path(store) if store else None)
    return Model(read_card(Path(model)), Path(model), shipped=False)
