"""Settings of decontamination: what counts as a copy of a benchmark item and what becomes of it, for all benchmarks or for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ValidationError, model_validator

from conf.sections import Section, Share, setting


def _flat(value: Any) -> Any:
    """Let what is set for one benchmark be written below its name: ``gsm8k: {action: cut}`` is ``gsm8k.action: cut``."""
    return dict(_pairs(value)) if isinstance(value, Mapping) else value


def _pairs(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{name}", one) for name, one in value.items())
        else:
            yield key, value


class CopyRule(Section):
    """What counts as a copy of an item, and what is done about it."""

    coverage: Share = setting(
        0.5,
        "share of the question's tokens in n-grams of a document from which that holds a copy",
        unit="0-1",
        source="research on planted copies: three words of sixty changed are still found",
    )
    answer_coverage: Share = setting(0.8, "the same share of the answer's tokens; answers alone are weaker evidence", unit="0-1")
    look_at: Literal["question", "answer", "both"] = setting("both", "what decides; both: the one or the other")
    min_covered: int = setting(5, "shared tokens that a copy needs; more spare pages with a short question by chance", ge=1)
    action: Literal["drop", "cut", "annotate"] = setting(
        "drop", "what becomes of a document with a copy: dropped, the copy cut out of it, or only marked"
    )


class Decontaminate(CopyRule):
    """Benchmark items in the text."""

    index: str = setting(
        "model:benchmarks",
        "n-gram index of the items, such as `woolmill benchmarks build` writes; model: names what ships here",
        path=True,
    )
    min_left: Share = setting(0.5, "a document that cuts would leave less than this share of is dropped", unit="0-1")
    benchmarks: Annotated[dict[str, str | float], BeforeValidator(_flat)] = setting(
        {}, "BENCHMARK.SETTING: another coverage, answer_coverage, look_at, min_covered or action for that benchmark"
    )

    @model_validator(mode="after")
    def _known(self) -> Decontaminate:
        for key in self.benchmarks:
            suite, _, name = key.rpartition(".")
            if not suite or name not in CopyRule.model_fields:
                raise ValueError(
                    f"benchmarks names {key!r}; write BENCHMARK.SETTING with one of {', '.join(CopyRule.model_fields)}"
                )
        for suite in self.suites:
            try:
                self.of(suite)
            except ValidationError as error:
                problem = error.errors()[0]
                message = problem["msg"]
                key = f"benchmarks.{suite}.{problem['loc'][0]}"
                raise ValueError(f"{key} = {problem['input']!r}: {message[0].lower()}{message[1:]}") from error
        return self

    @property
    def suites(self) -> tuple[str, ...]:
        """Benchmarks that have settings of their own, sorted."""
        return tuple(sorted({key.rpartition(".")[0] for key in self.benchmarks}))

    def of(self, suite: str) -> CopyRule:
        """Return what holds for one benchmark."""
        own = {key.rpartition(".")[2]: value for key, value in self.benchmarks.items() if key.rpartition(".")[0] == suite}
        return CopyRule.model_validate({name: getattr(self, name) for name in CopyRule.model_fields} | own)
