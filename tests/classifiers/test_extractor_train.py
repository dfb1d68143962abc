"""The training: folds, weights, sampling, and a whole run on a few made-up pages."""

from pathlib import Path

import numpy as np
import pytest

from classifiers.extractor import train as training
from classifiers.extractor.evaluate import block_f1, lcs_scores
from classifiers.extractor.examples import Example
from classifiers.extractor.sparse import SETTINGS, fit, quantise, rows_of
from classifiers.extractor.train import Pages, collect, fold_of, sampled, train, weights_of
from udfs.html.blocks.blockmodel import load, predict, save
from udfs.html.blocks.linear import BITS
from udfs.html.page.layout import Block
from udfs.html.page.scanner import scan

TEXT = "the council agreed on monday to build a new bridge which will cost two million and open next year if the river allows"
WORDS = TEXT.split()


def example(number: int, blocks: int = 12) -> Example:
    """An article of one paragraph after another, between a menu and links; its labels say so."""
    generator = np.random.default_rng(number)
    text = "".join(f"<p>{' '.join(generator.choice(WORDS, 30))}, in all.</p>" for _ in range(blocks))
    links = "".join(f"<li><a href=/{k}>{generator.choice(WORDS)}</a></li>" for k in range(6))
    tables = scan(f"<ul class=menu>{links}</ul><div class=post{number % 3}>{text}</div><ul class=more>{links}</ul>".encode())
    label = (tables.blocks[:, Block.WORDS] > 5).astype(float)
    label[1] = np.nan
    kind = ("article", "forum", "product")[number % 3]
    return Example(
        f"p{number}", f"site{number % 8}.org", kind, tables, label, tables.blocks[:, Block.WORDS].astype(np.int64), "gold"
    )


@pytest.fixture(scope="module")
def pages() -> Pages:
    return collect([example(number) for number in range(24)])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"max_iter": 4, "max_leaf_nodes": 4, "min_samples_leaf": 2}
    monkeypatch.setattr(training, "BLOCKS", small)
    monkeypatch.setattr(training, "PAGES", small)


def test_folds_are_of_whole_domains(pages: Pages) -> None:
    """Pages of one domain share a fold, and there is more than one fold."""
    for e, fold in zip(pages.examples, pages.fold, strict=True):
        assert fold == fold_of(e.domain)
    assert len(set(pages.fold.tolist())) > 1


def test_weights() -> None:
    """A page's weights sum to the example's, blocks of unknown label weigh nothing, longer blocks more."""
    weight = weights_of(example(1))
    assert weight.sum() == pytest.approx(1)
    assert weight[1] == 0
    assert weight[8] > weight[0] > 0


def test_sampling_keeps_sums(pages: Pages) -> None:
    """Few blocks are drawn, with the whole page's weight in the mean; small pages are left as they are."""
    np.testing.assert_allclose(sampled(pages, 100), pages.weight)
    large = collect([example(number, 300) for number in range(6)])
    drawn = sampled(large, 50)
    for first, stop in zip(large.starts[:-1], large.starts[1:], strict=True):
        assert 25 < np.count_nonzero(drawn[first:stop]) < 80
    assert drawn.sum() == pytest.approx(large.weight.sum(), rel=0.15)


def test_linear_model_learns_a_name() -> None:
    """Weights separate two names, keep their answers in one byte, and leave rows without weight alone."""
    tables = scan(b"<div class=good>word</div><div class=bad>word</div>" * 40)
    n = len(tables.blocks)
    target = (np.arange(n) % 2 == 0).astype(np.float32)
    rows = rows_of([tables], "names")
    weights = fit(rows, target, np.ones(n, np.float32), **SETTINGS["names"])
    whole = quantise([weights, weights, weights])
    answers = [whole.names[rows.places[rows.pointer[b] : rows.pointer[b + 1]]].astype(int).sum() for b in range(n)]
    assert min(answers[0::2]) > max(answers[1::2])
    only_first = (np.arange(n) == 0).astype(np.float32)
    touched = np.flatnonzero(fit(rows, target, only_first, **SETTINGS["names"])[: 1 << BITS])
    assert set(touched.tolist()) <= set(rows.places[: rows.pointer[1]].tolist())


@pytest.mark.usefixtures("quick")
def test_same_pages_give_the_same_file(pages: Pages, tmp_path: Path) -> None:
    """Two trainings write the same bytes, and the model finds the articles of pages it has not seen."""
    for name in ("a.npz", "b.npz"):
        save(train(pages, seeds=(1, 2)).model, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    unseen = example(100)
    p = predict(unseen.tables, load(tmp_path / "a.npz")).p
    assert p[unseen.label == 1].min() > p[unseen.label == 0].max()


@pytest.mark.usefixtures("quick")
def test_out_of_fold_probabilities_do_not_see_their_labels(pages: Pages) -> None:
    """Turning the labels of one fold's pages leaves that fold's block probabilities as they were."""
    before = train(pages)
    turned = collect(
        [
            Example(e.id, e.domain, e.page_type, e.tables, 1 - e.label if fold == 0 else e.label, e.n_tokens, e.source)
            for e, fold in zip(pages.examples, pages.fold, strict=True)
        ]
    )
    linear = training.fit_linear(pages).models[0], training.fit_linear(turned).models[0]
    np.testing.assert_array_equal(linear[0].names, linear[1].names)
    assert len(before.p) == len(pages.examples)


def test_metric() -> None:
    """F1 of the longest common subsequence, and of labelled tokens."""
    assert lcs_scores(list("abcd"), list("acde")) == (0.75, 0.75, 0.75)
    assert lcs_scores([], []) == (1.0, 1.0, 1.0)
    assert lcs_scores([], ["a"]) == (0.0, 0.0, 0.0)
    keep, label = np.array([True, True, False, True]), np.array([1, 0, 1, np.nan])
    assert block_f1(keep, label, np.array([2, 1, 1, 9])) == pytest.approx(2 * 2 / (3 + 3))
