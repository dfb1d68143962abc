"""Division of classes among languages and weights: to the token, within caps, and never less for more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.mixture import MILLION, Histogram, Shortfall, copies, cut, sampling_hash
from udfs.mixture import plan as plan_classes
from udfs.strata import ANY, OTHER, Division, Stratum, plan_strata

LANGUAGES = {"de": 50_000, "fr": 30_000, "sw": 1_000, "is": 300}
STRATA = {Stratum("multilingual", name): n for name, n in LANGUAGES.items()}
ONLY = {"multilingual": MILLION}
BY_LANGUAGE = frozenset(ONLY)
DIVISIONS = {
    "natural": Division(),
    "unimax": Division("unimax", BY_LANGUAGE),
    "temperature": Division("temperature", BY_LANGUAGE, temperature=0.3),
    "shares": Division("shares", BY_LANGUAGE, {"de": 0.1, "fr": 0.2, "sw": 0.3, "is": 0.4}),
}
COUNTS = st.dictionaries(
    st.tuples(st.sampled_from(["de", "fr", "sw", "is", OTHER]), st.sampled_from([0, 250_000, MILLION, 3_000_000])),
    st.integers(0, 10**9),
    min_size=1,
)


def targets(division: Division, target: int, epochs: float = 4.0, available: dict[Stratum, int] = STRATA) -> dict[str, int]:
    found = division.targets("multilingual", target, available=available, epochs=epochs)
    return {stratum.language: tokens for stratum, tokens in found.items()}


def unimax(available: dict[str, int], target: float, epochs: float) -> dict[str, float]:
    """The algorithm of the paper: languages by size, each an equal part of what is left, at most its epochs."""
    found, left = {}, float(target)
    for place, name in enumerate(sorted(available, key=lambda name: (available[name], name))):
        found[name] = min(available[name] * epochs, left / (len(available) - place))
        left -= found[name]
    return found


@pytest.mark.parametrize("target", [100, 1200, 5_000, 16_000, 100_000, 300_000])
def test_unimax_is_that_of_the_paper(target):
    """Water-filling gives what the paper's loop over languages by size gives, to a token each."""
    wanted = unimax(LANGUAGES, target, 4.0)
    got = targets(DIVISIONS["unimax"], target)
    assert all(abs(got[name] - wanted[name]) <= len(LANGUAGES) for name in LANGUAGES)


def test_temperature_is_a_power_of_the_tokens():
    """Shares go by tokens to 0.3; power 1 is natural, power 0 the same to each."""
    got = targets(DIVISIONS["temperature"], 1_000)
    powers = {name: n**0.3 for name, n in LANGUAGES.items()}
    assert all(abs(got[name] - 1_000 * p / sum(powers.values())) <= 1 for name, p in powers.items())
    natural, flat = (targets(Division("temperature", BY_LANGUAGE, temperature=t), 1_000) for t in (1.0, 0.0))
    assert all(abs(natural[name] - 1_000 * n / sum(LANGUAGES.values())) <= 1 for name, n in LANGUAGES.items())
    assert set(flat.values()) == {250}


def test_shares_that_are_set_are_met_to_the_token():
    """Without a budget as much as the scarcest language allows, and every language at its share of it."""
    made = plan_strata(STRATA, ONLY, division=DIVISIONS["shares"], epochs={"multilingual": 4.0})
    assert made.plan.budget == 3_000  # is: 300 tokens, four times, are 40 %
    assert {s.language: p.target for s, p in made.strata.items()} == {"de": 300, "fr": 600, "sw": 900, "is": 1200}


def test_other_languages_share_what_is_left_to_them():
    """Languages without a share of their own are one stratum, or are left out."""
    division = Division("shares", BY_LANGUAGE, {"de": 0.75, OTHER: 0.25})
    kinds = {"knowledge": None, "bucket": None}
    assert division.stratum("multilingual", language="fr", **kinds) == Stratum("multilingual", OTHER)
    assert division.stratum("multilingual", language="de", **kinds) == Stratum("multilingual", "de")
    assert division.stratum("general", language="de", **kinds) == Stratum("general")
    left_out = {Stratum("multilingual", "de"): 500, Stratum("multilingual", OTHER): 900}
    assert targets(Division("shares", BY_LANGUAGE, {"de": 1.0}), 400, available=left_out) == {"de": 400, OTHER: 0}


@pytest.mark.parametrize(
    ("url", "source", "name"),
    [
        ("https://docs.example.org/a", "docs.example.org", "math*3000000"),
        ("http://www.Docs.Example.org:80/", "docs.example.org", "math*3000000"),
        ("https://old.docs.example.org/", "docs.example.org", "math*3000000"),
        ("https://example.org/", "example.org", "math*0"),
        ("https://notexample.org/", "", "math"),
        ("https://org/", "", "math"),
        ("mailto:someone", "", "math"),
        (None, "", "math"),
    ],
)
def test_sources_are_hosts_with_all_below_them(url, source, name):
    """The longest host that is named counts; what has none, or another, has no weight."""
    division = Division(weighted=frozenset({"math"}), sources={"example.org": 0.0, "docs.example.org": 3.0})
    assert division.source(url) == source
    assert division.stratum("math", language="en", knowledge=None, bucket=None, source=division.source(url)).name == name
    assert Division().source(url) == ""


def test_better_documents_are_taken_more_often():
    """Weights multiply how often documents are taken, up to the cap; weight 0 leaves them out."""
    division = Division(weighted=frozenset({"math"}), quality={19: 2.0, 0: 0.0, None: 0.5}, knowledge={"sport": 0.5})
    names = {
        bucket: division.stratum("math", language="en", knowledge="sport", bucket=bucket).name for bucket in (19, 10, 0, None)
    }
    assert names == {19: "math", 10: "math*500000", 0: "math*0", None: "math*250000"}
    assert division.stratum("code", language="en", knowledge="sport", bucket=10).name == "code"
    available = {Stratum.of(name): 1_000 for name in names.values()}
    got = {s.name: t for s, t in division.targets("math", 700, available=available, epochs=1.0).items()}
    assert got == {"math": 400, "math*500000": 200, "math*250000": 100, "math*0": 0}
    got = {s.name: t for s, t in division.targets("math", 2_050, available=available, epochs=1.0).items()}
    assert got == {"math": 1_000, "math*500000": 700, "math*250000": 350, "math*0": 0}


@pytest.mark.parametrize(
    "stratum", [Stratum("math"), Stratum("multilingual", "de"), Stratum("code", ANY, 0), Stratum("a", "b", 3)]
)
def test_names_are_read_back(stratum):
    """A name tells the stratum."""
    assert Stratum.of(stratum.name) == stratum


@given(
    counts=COUNTS,
    target=st.integers(0, 10**10),
    more=st.integers(0, 10**10),
    epochs=st.floats(0, 20),
    method=st.sampled_from(sorted(DIVISIONS)),
)
def test_targets_are_within_caps_and_grow_with_the_class(counts, target, more, epochs, method):
    """No stratum beyond its cap, none less for a larger class, and together what was asked for where caps allow."""
    by_language = DIVISIONS[method].by_language
    available: dict[Stratum, int] = {}
    for (language, weight), n in counts.items():
        stratum = Stratum("multilingual", language if by_language else ANY, weight)
        available[stratum] = available.get(stratum, 0) + n
    division = Division(method, by_language, {"de": 0.5, "fr": 0.3, OTHER: 0.2}, 0.3)
    small, large = (division.targets("multilingual", t, available=available, epochs=epochs) for t in (target, target + more))
    caps = {s: n * round(epochs * MILLION) // MILLION if s.weight else 0 for s, n in available.items()}
    assert all(0 <= small[s] <= large[s] <= caps[s] for s in available)
    giving = sum(cap for s, cap in caps.items() if method != "shares" or s.language in ("de", "fr", OTHER))
    assert min(target, giving) - 2 * len(available) <= sum(small.values()) <= target


@given(available=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 10**12), min_size=1), budget=st.integers(1, 10**12))
def test_classes_that_are_not_divided_are_planned_as_ever(available, budget):
    """With one stratum a class, strata are the classes."""
    shares = dict.fromkeys(available, 0) | {min(available): MILLION}
    epochs = dict.fromkeys(available, 2.0)
    given_ = {Stratum(name): n for name, n in available.items()}
    try:
        wanted = plan_classes(available, shares, epochs=epochs, budget=budget)
    except Shortfall as short:
        with pytest.raises(Shortfall, match=str(short)[:40]):
            plan_strata(given_, shares, division=Division(), epochs=epochs, budget=budget)
        return
    made = plan_strata(given_, shares, division=Division(), epochs=epochs, budget=budget)
    assert made.plan == wanted
    assert {s.name: p for s, p in made.strata.items()} == dict(wanted.classes)


@pytest.mark.parametrize("method", ["unimax", "temperature", "shares"])
def test_a_larger_mixture_contains_the_smaller_one(method):
    """Documents of a target twice as large are those of the target and more, language by language and with weights."""
    rng = np.random.default_rng(3)
    names = np.array(["de", "fr", "sw", "is"], dtype=object)[rng.choice(4, 4000, p=[0.5, 0.3, 0.15, 0.05])]
    buckets = rng.integers(0, 20, 4000)
    tokens = rng.lognormal(6, 1, 4000).astype(np.int64) + 1
    places = sampling_hash([rng.bytes(16) for _ in range(4000)], "multilingual", seed=1)
    base = DIVISIONS[method]
    weights = dict.fromkeys(range(15, 20), 2.0)
    division = Division(method, BY_LANGUAGE, base.shares, 0.3, frozenset(ONLY), {}, weights)
    kinds = zip(names, buckets.tolist(), strict=True)
    strata = np.array(
        [division.stratum("multilingual", language=name, knowledge=None, bucket=bucket).name for name, bucket in kinds],
        dtype=object,
    )
    available = {Stratum.of(name): int(tokens[strata == name].sum()) for name in sorted(set(strata))}

    def chosen(budget: int) -> np.ndarray:
        made = plan_strata(available, ONLY, division=division, epochs={"multilingual": 3.0}, budget=budget)
        taken = np.zeros(len(tokens), dtype=np.int64)
        for stratum, planned in made.strata.items():
            here = strata == stratum.name
            sizes = Histogram.of(places[here], tokens[here])
            below = cut(sizes, planned.rest, places=places[here], tokens=tokens[here])
            taken[here] = copies(places[here], full=planned.full, below=below)
            assert 0 <= int((taken[here] * tokens[here]).sum()) - planned.target < tokens[here].max()
        return taken

    few, many = chosen(200_000), chosen(400_000)
    assert (few <= many).all()
    assert (few < many).any()


def test_an_impossible_share_says_which_language_binds():
    """One line with class, language, its tokens and the largest feasible budget."""
    with pytest.raises(
        Shortfall, match=r"largest feasible budget is 3000;.*language is binds: it has 300 tokens and is to have 0\.4"
    ):
        plan_strata(STRATA, ONLY, division=DIVISIONS["shares"], epochs={"multilingual": 4.0}, budget=3_001)
    missing = {s: n for s, n in STRATA.items() if s.language != "sw"}
    with pytest.raises(Shortfall, match="language sw binds: it has 0 tokens"):
        plan_strata(missing, ONLY, division=DIVISIONS["shares"], epochs={"multilingual": 4.0})
    unweighted = {Stratum("multilingual", ANY, 0): 700}
    with pytest.raises(Shortfall, match="inside class multilingual, weights of 0 leave out all of its 700 tokens"):
        plan_strata(unweighted, ONLY, division=Division(), epochs={"multilingual": 4.0})
    rescaled = plan_strata(
        missing, ONLY, division=DIVISIONS["shares"], epochs={"multilingual": 4.0}, shortfall="rescale", budget=9_000
    )
    assert {s.language: p.target for s, p in rescaled.strata.items()} == {"de": 2_600, "fr": 5_200, "is": 1_200}
