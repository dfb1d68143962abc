"""The columns of blocks: named, finite, and each group on a page made to show it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.extractor.sparse import rows_of
from udfs.html.blocks.feature_names import LEVEL, LEVELS, MAKE, N_COLUMNS, OWN, PLACE, SIBLINGS, WHOLE, Make, column_names
from udfs.html.blocks.features import Features, features
from udfs.html.blocks.linear import BITS, Linear, empty
from udfs.html.blocks.page_features import AT_OG, AT_STATED, N_PAGE, PAGE, STATED, page_names
from udfs.html.page.layout import Block, PageTables
from udfs.html.page.scanner import scan

PARAGRAPH = "<p>This is a sentence of the article, with a comma in it. And this is another one that makes it long enough.</p>"


def of(page: str, linear: Linear | None = None) -> Features:
    return features(scan(page.encode()), linear or empty())


def some_linear(seed: int = 1) -> Linear:
    generator = np.random.default_rng(seed)
    tables = generator.integers(-127, 128, (3, 1 << BITS)).astype(np.int8)
    scales, biases = np.array([0.02, 0.03, 0.01], np.float32), np.array([0.5, -0.5, 0.25], np.float32)
    return Linear(tables[0], tables[1], tables[2], scales, biases)


def test_every_column_has_one_name() -> None:
    """Names are as many as columns, and all different; of pages likewise."""
    assert len(column_names()) == len(set(column_names())) == N_COLUMNS
    assert len(page_names()) == len(set(page_names())) == N_PAGE


def test_empty_page() -> None:
    """A page without blocks has no rows and statistics of zero."""
    got = of("<div></div>")
    assert got.blocks.shape == (0, N_COLUMNS)
    assert got.page.shape == (N_PAGE,)
    assert not got.page.any()


PARTS = (
    "<div class='comments x'>", "</div>", "<article>", "</article>", "<h1>", "</h1>", "<li>", "<a href=x>", "</a>", "<p>", "<td>",
    "<table><tr>", "text and more, text.", " 12:30 $5 1.2.2020", "<h2>Read more</h2>", "漢字です。", "<img alt='a b'>", "\0", "©",
    "<math><mi>x</mi></math>", "<pre>code\nx</pre>", "<hr>", "<script type='application/ld+json'>{\"@type\":\"Product\"}</script>",
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=40))
def test_columns_are_finite(parts: list[str]) -> None:
    """Whatever the tags, every column is a finite number, and the same a second time."""
    page = "".join(parts)
    first, second = of(page, some_linear()), of(page, some_linear())
    assert np.isfinite(first.blocks).all()
    assert np.isfinite(first.page).all()
    np.testing.assert_array_equal(first.blocks, second.blocks)


def test_linear_columns_equal_the_sparse_product() -> None:
    """What the models answer is the dot product of the training's sparse rows with the weights, plus the intercept."""
    page = (
        "<div class='post main' id=content><h1>Title here</h1>"
        + PARAGRAPH * 3
        + "<ul class=nav><li><a href=/>Home</a></ul></div>"
    )
    tables, linear = scan(page.encode()), some_linear()
    got = features(tables, linear).blocks
    for place, kind in enumerate(("names", "words", "headings")):
        rows, weights, column = rows_of([tables], kind), linear[place], f"learned.{kind}"
        scale, bias = linear.scales[place], linear.biases[place]
        for b in range(len(tables.blocks)):
            part = slice(rows.pointer[b], rows.pointer[b + 1])
            want = float(weights[rows.places[part]].astype(float) @ rows.values[part]) * scale + bias
            assert got[b, column_names().index(column)] == pytest.approx(want, abs=1e-4)


def rows_with(tables: PageTables, tag: int) -> list[int]:
    return [b for b in range(len(tables.blocks)) if tables.blocks[b, Block.TAG] == tag]


def test_comments_are_a_scope() -> None:
    """Blocks in an element named after comments know it; an article that merely says it has comments is none."""
    comments = f"<div id=comments><div class=comment>{PARAGRAPH}</div></div>"
    page = f"<article class='post has-comments'><h1>Title</h1>{PARAGRAPH}</article>{comments}"
    got = of(page).blocks[:, PLACE.comment_scope]
    assert got.tolist() == [0, 0, 2]
    assert of(page).blocks[2, PLACE.comment_after] == pytest.approx(0.5, abs=0.01)


def test_second_article_and_heading() -> None:
    """Outermost articles are counted up to the block, and they and the top headings in all."""
    page = f"<article><h1>One</h1>{PARAGRAPH}</article><article><h1>Two</h1>{PARAGRAPH}</article><p>End</p>"
    x = of(page).blocks
    assert set(x[:, PLACE.h1_total]) == {2}
    np.testing.assert_allclose(np.expm1(x[:, PLACE.article_before]), [1, 1, 2, 2, 2], rtol=1e-5)
    assert x[0, PLACE.article_share] == pytest.approx(0.5, abs=0.03)
    assert x[4, PLACE.article_share] == 0


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("at 12:30 today", PAGE.times),
        ("on 3.4.2021", PAGE.dates),
        ("2021-03-04", PAGE.dates),
        ("only €5", PAGE.prices),
        ("only $5", PAGE.prices),
        ("£5", PAGE.prices),
        ("in 1999", PAGE.years),
    ],
)
def test_patterns(text: str, want: int) -> None:
    """Times, dates, prices and years are counted, and nothing of them in plain words or in other numbers."""
    for words, number in ((text, 1), ("nothing at all", 0), ("the 3 of 45678 and 1850", 0)):
        assert np.expm1(of(f"<p>{words}</p>").page[want]) == pytest.approx(number, abs=1e-5)


def test_repetition() -> None:
    """Cards of one make are counted, and equal texts too."""
    page = (
        "<div>"
        + "".join(f"<section class=card><h3>Name {i}</h3><p>Buy now</p></section>" for i in range(7))
        + "</div><p>Once</p>"
    )
    x = of(page).blocks
    assert np.expm1(x[0, MAKE + len(Make._fields)]) == pytest.approx(7, rel=1e-5)
    assert np.expm1(x[0, SIBLINGS.same_above]) == pytest.approx(7, rel=1e-5)
    assert np.expm1(x[1, OWN.copies]) == pytest.approx(6, rel=1e-5)
    assert np.expm1(x[3, OWN.copy]) == pytest.approx(1, rel=1e-5)
    assert x[-1, OWN.copies] == 0


def test_blocks_know_their_heading() -> None:
    """The model of headings says the same of a heading and of what stands under it, and another thing of the next."""
    x = of(f"<p>Before</p><h2>Related stories</h2>{PARAGRAPH * 2}<h2>Contents</h2>{PARAGRAPH}", some_linear()).blocks
    answers = x[:, column_names().index("learned.headings")]
    assert len(set(answers[1:4])) == 1
    assert len({answers[0], answers[1], answers[4]}) == 3


def test_levels() -> None:
    """The element that holds the paragraphs has the best score, and the root has all of the text."""
    page = f"<div><div>{PARAGRAPH * 5}</div><ul>{'<li><a href=/>Link</a>' * 5}</ul></div>"
    x = of(page).blocks
    assert x[0, LEVEL.score + len(LEVEL)] == 1
    assert x[0, LEVEL.share + (LEVELS - 1) * len(LEVEL)] == 1
    assert x[-1, LEVEL.link_share] == 1
    assert x[-1, LEVEL.score + len(LEVEL)] < 0.1


def test_page_knows_what_its_head_states() -> None:
    """Types in JSON-LD and in og:type set their bits."""
    page = (
        "<head><meta property='og:type' content='product.item'><script type='application/ld+json'>"
        '{"@context": "https://schema.org", "@graph": [{"@type": ["QAPage"]}, {"@type" : "NewsArticle"}]}</script></head><p>text'
    )
    got = of(page).page
    stated = [words.split()[0] for words in STATED]
    assert got[AT_OG + stated.index("product")] == 1
    assert {stated[k] for k in range(len(STATED)) if got[AT_STATED + k]} == {"forum", "article"}


def test_page_columns_are_the_same_for_all_blocks() -> None:
    """The page's columns do not depend on the block."""
    x = of(PARAGRAPH * 3 + "<h2>Heading</h2>").blocks[:, WHOLE.blocks :]
    assert (x == x[0]).all()


@pytest.mark.parametrize("unit", ["<p>x", "<div class=comment>x", "<article>x", "<h1>x", "<table><tr><td>x"])
def test_time_is_linear(unit: str) -> None:
    """Ten times the blocks take less than forty times as long, whatever the nesting."""
    import time

    spent = []
    for n in (1_000, 10_000):
        tables = scan((unit * n).encode())
        features(tables, empty())
        start = time.process_time()
        features(tables, empty())
        spent.append(time.process_time() - start)
    assert spent[1] < 40 * spent[0] + 0.05
