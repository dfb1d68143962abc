"""Settings of quality by models: what an encoder reads, and what scores are held against."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from conf.sections import CLASSES, LLAMA3, Section, Share, setting

Bucket = Annotated[int, Field(ge=0, le=19)]


def _only_classes(section: str, name: str, given: dict[str, float] | dict[str, int]) -> None:
    if unknown := sorted(set(given) - set(CLASSES)):
        raise ValueError(f"{section}.{name} names the class {unknown[0]!r}; classes are {', '.join(CLASSES)}")


class Encode(Section):
    """Quality by an encoder, of what the cheap filters have left."""

    model: str | None = setting(
        None,
        "a quality encoder: folder of an exported model; model:NAME or model:NAME@VERSION looks it up in the store",
        source=f"{LLAMA3} 3.1.1: Roberta-based classifiers trained on Llama 2's predictions",
        path=True,
    )
    store: str | None = setting(None, "folder of models of one's own", path=True)
    min_fasttext: dict[str, Share] = setting(
        {}, "least fastText quality score, by class, of what the encoder reads; a class without one is read whole", unit="0-1"
    )
    device: Literal["auto", "cpu", "gpu"] = setting("auto", "where it runs; auto: on a GPU where onnxruntime has one")

    @model_validator(mode="after")
    def _known(self) -> Encode:
        _only_classes("encode", "min_fasttext", self.min_fasttext)
        return self


class Score(Section):
    """Which quality is too low."""

    combine: Literal["gate", "ensemble"] = setting(
        "gate",
        "gate: each score has to reach its own limit; ensemble: the best percentile bucket that a model gives has to reach min_bucket",
        source="ensemble: Nemotron-CC (arXiv 2412.02595)",
    )
    min_quality: dict[str, Share] = setting(
        {"general": 0.3, "math": 0.3, "code": 0.3, "multilingual": 0.25}, "least fastText quality score, by class", unit="0-1"
    )
    min_encoder: dict[str, Share] = setting({}, "least encoder score, by class; a class without one keeps everything", unit="0-1")
    min_bucket: dict[str, Bucket] = setting({}, "least bucket of twenty (0 is the lowest), by class", unit="0-19")
    ranks: str | None = setting(
        None, "percentiles that buckets go by, by language (`woolmill ranks`); null: those in the models' cards", path=True
    )

    @model_validator(mode="after")
    def _known(self) -> Score:
        for name in ("min_quality", "min_encoder", "min_bucket"):
            _only_classes("score", name, getattr(self, name))
        return self
