"""Classes and languages add up to what the tables say, from three queries however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_run import STAGES, Lot, build

from jobs.reporting.funnels import Tally, funnels
from jobs.reporting.groups import Group, Groups, groups
from jobs.reporting.query import Reader, reading
from jobs.reporting.samples import group_samples

LOTS = (
    Lot(60, "en", "general"),
    Lot(20, "en", "general", "filter", "gopher.word_count.low"),
    Lot(20, "en", "math"),
    Lot(90, "de"),
    Lot(10, "de", "multilingual", "filter", "gopher.word_count.low"),
    Lot(85, "fr"),
    Lot(15, "fr", "multilingual", "filter", "gopher.word_count.low"),
    Lot(8, "th", "multilingual", "urls", "older_capture"),
    Lot(40, "th"),
    Lot(12, "th", "multilingual", "filter", "gopher.word_count.low"),
    Lot(40, "th", "multilingual", "filter", "gopher.stop_words.low"),
    Lot(3, "km", "multilingual", "filter", "gopher.stop_words.low"),
    Lot(70, None, "multilingual", "filter", "language.score.low"),
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Groups:
    """Groups of the run above."""
    with reading(build(tmp_path_factory.mktemp("runs") / "small", LOTS)) as tables:
        return groups(tables)


def named(some: tuple[Group, ...], name: str) -> Group:
    """Return the group of this name."""
    return next(group for group in some if group.name == name)


def test_every_document_is_in_one_language_and_the_largest_is_first(told: Groups) -> None:
    """Documents without a language are und; equal sizes are in the order of their names."""
    assert [(g.name, g.documents, g.kept) for g in told.languages] == [
        ("de", 100, 90),
        ("en", 100, 80),
        ("fr", 100, 85),
        ("th", 100, 40),
        ("und", 70, 0),
        ("km", 3, 0),
    ]


def test_the_funnel_hands_on_what_is_left(told: Groups) -> None:
    """Each stage gets what the one before left, and the whole way is the sum."""
    thai = named(told.languages, "th").funnel
    assert [(s.stage, s.came_in, s.lost) for s in thai.steps] == [
        ("urls", 100, 8),
        ("documents", 92, 0),
        ("clean", 92, 0),
        ("route", 92, 0),
        ("filter", 92, 52),
        ("score", 40, 0),
        ("mix", 40, 0),
    ]
    assert (thai.whole.came_in, thai.whole.lost, thai.whole.left) == (100, 60, 40)


def test_reasons_are_sorted_and_beside_the_median_of_the_others(told: Groups) -> None:
    """The others are the languages with fifty documents at the stage: en 20, de 10, fr 15 of 100; und and km are none."""
    stop_words, too_short, older = named(told.languages, "th").funnel.losses
    assert (stop_words.reason, stop_words.documents, stop_words.came_in, stop_words.typical) == (
        "gopher.stop_words.low",
        40,
        92,
        0.0,
    )
    assert (too_short.reason, too_short.typical) == ("gopher.word_count.low", pytest.approx(0.15))
    assert (older.stage, older.documents, older.typical) == ("urls", 8, 0.0)


def test_a_language_that_loses_more_is_named_with_the_stage_and_the_costliest_reason(told: Groups) -> None:
    """Thai loses 57 % at the filter, the others 15 %; unknown and small languages are not judged."""
    (outlier,) = told.outliers
    assert (outlier.name, outlier.step.stage, outlier.peers) == ("th", "filter", 3)
    assert outlier.worst.reason == "gopher.stop_words.low"
    assert outlier.excess == pytest.approx(52 - 0.15 * 92)
    assert named(told.languages, "th").funnel.outliers == (outlier,)


def test_classes_begin_where_documents_are_routed(told: Groups) -> None:
    """Documents lost before have no class; a class of the recipe without documents is there, empty; none is judged."""
    assert [(g.name, g.documents, g.kept) for g in told.classes] == [
        ("multilingual", 365, 215),
        ("general", 80, 60),
        ("math", 20, 20),
        ("code", 0, 0),
    ]
    multilingual = named(told.classes, "multilingual")
    assert [s.stage for s in multilingual.funnel.steps] == ["route", "filter", "score", "mix"]
    assert multilingual.parts[:2] == (("de", 100, 90), ("fr", 100, 85))
    assert multilingual.because == (("language", 365),)
    assert not any(g.funnel.outliers for g in told.classes)


def test_tokens_characters_and_scores_are_those_of_the_documents(told: Groups) -> None:
    """Tokens of one copy, of all copies, characters of what is in the mixture; a score nobody has is left out."""
    german = named(told.languages, "de")
    assert (german.tokens, german.characters) == (9000, 36000)
    assert german.sampled_tokens == 2 * 100 * 45
    quality = german.spreads[0]
    assert (quality.name, quality.documents, quality.values, quality.whole) == ("ft_quality", 100, (0.5,) * 5, (0.5,) * 5)
    assert "kl_bits" not in [s.name for s in german.spreads]


def test_the_number_of_queries_does_not_grow_with_the_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty languages are gathered with as many questions as one."""
    rows, beginnings, asked = Reader.rows, Reader.beginnings, Counter[int]()
    n = 0

    def counted(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asking(*given: object, **more: object) -> object:
            asked[n] += 1
            return ask(*given, **more)

        return asking

    monkeypatch.setattr(Reader, "rows", counted(rows))
    monkeypatch.setattr(Reader, "beginnings", counted(beginnings))
    for n in (1, 60):
        lots = [Lot(2, f"l{i}", "general" if i % 2 else "multilingual") for i in range(n)]
        with reading(build(tmp_path / str(n), lots)) as tables:
            assert len(groups(tables).languages) == n
            assert len([k for k, _ in group_samples(tables, kept=2, lost=1, reasons=2) if k == "language"]) == n
    assert asked[1] == asked[60] <= 9


def test_quantiles_are_values_that_occur(tmp_path: Path) -> None:
    """Of the scores 0.00 to 0.99, the values at 5, 25, 50, 75 and 95 %; the whole run's beside them."""
    lots = [Lot(1, "en", quality=i / 100) for i in range(100)] + [Lot(100, "de", quality=1.0)]
    with reading(build(tmp_path / "run", lots)) as tables:
        spread = named(groups(tables).languages, "en").spreads[0]
    assert spread.values == pytest.approx((0.04, 0.24, 0.49, 0.74, 0.94))
    assert spread.whole[2] == pytest.approx(0.99)


def test_samples_are_of_the_reasons_that_took_most(tmp_path: Path) -> None:
    """A few kept ones, then a few of each main reason, the same for a language and its class; all with their evidence."""
    with reading(build(tmp_path / "run", LOTS)) as tables:
        found = group_samples(tables, kept=3, lost=2, reasons=2)
        assert group_samples(tables, kept=0, lost=0, reasons=2) == {}
    thai = found["language", "th"]
    assert [(key, len(some)) for key, some in thai.items()] == [
        (("", ""), 3),
        (("filter", "gopher.stop_words.low"), 2),
        (("filter", "gopher.word_count.low"), 2),
    ]
    assert thai["filter", "gopher.stop_words.low"][0].evidence == {"gopher.stop_words.low": "seen 1 > 0"}
    assert [len(some) for some in found["language", "km"].values()] == [2]
    assert ("class", "code") not in found
    assert len(found["class", "multilingual"]["", ""]) == 3


def test_a_run_that_has_only_begun_has_languages_and_no_classes(tmp_path: Path) -> None:
    """Nothing is lost yet, nothing scored, nothing routed."""
    with reading(build(tmp_path / "run", LOTS, published=("extract",))) as tables:
        told = groups(tables)
    assert told.classes == told.outliers == ()
    german = named(told.languages, "de")
    assert (german.documents, german.kept, german.tokens, german.funnel.steps, german.spreads) == (100, 100, 0, (), ())


def test_a_run_without_documents_has_no_groups(tmp_path: Path) -> None:
    """Only the classes that the recipe names are there, empty."""
    with reading(build(tmp_path / "run", ())) as tables:
        told = groups(tables)
    assert told.languages == ()
    assert [(g.name, g.documents) for g in told.classes] == [(name, 0) for name in ("code", "general", "math", "multilingual")]


def test_a_recipe_that_filters_first_and_does_not_route(tmp_path: Path) -> None:
    """The funnel follows the recipe's order, whatever it is."""
    stages = tuple(s for s in ("extract", "clean", "filter", "documents", "mix", "report") if s in STAGES)
    with reading(
        build(tmp_path / "run", [Lot(5, "en"), Lot(2, "en", "", "documents", "near_duplicate")], stages=stages)
    ) as tables:
        told = groups(tables)
    assert told.classes == ()
    assert [(s.stage, s.came_in) for s in told.languages[0].funnel.steps] == [
        ("clean", 7),
        ("filter", 7),
        ("documents", 7),
        ("mix", 5),
    ]


def test_small_losses_everywhere_are_named_on_the_whole_way() -> None:
    """Nine points more at each of three stages stand out at none of them, but together."""
    stages = ("one", "two", "three")

    def lost(*documents: int) -> Tally:
        tally = Tally()
        tally.sums["documents"] = 1000
        tally.lost.update({(stage, "r"): n for stage, n in zip(stages, documents, strict=True)})
        return tally

    found = funnels({"a": lost(0, 0, 0), "b": lost(0, 0, 0), "c": lost(90, 80, 70)}, stages)
    (outlier,) = found["c"].outliers
    assert outlier.step.stage == "all stages"
    assert (outlier.worst.stage, outlier.worst.documents) == ("one", 90)
    assert found["a"].outliers == ()
    assert funnels({"a": lost(0, 0, 0), "b": lost(0, 0, 0), "c": lost(90, 80, 70)}, stages, judged=False)["c"].outliers == ()
