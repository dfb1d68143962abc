"""Pages that show nothing give the text that they carry as data, and only then."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.data_text import DataText, confirms, find, is_prose
from udfs.html.linked_data import linked_objects, linked_texts, read_json
from udfs.html.page.scanner import scan

LONG = (
    "The chapter explains how the result is found, and why the simple way that was taken before does not lead to it. "
    "It begins with the sheep, goes on with the wool, and ends with the coat that a reader may wear in the winter."
)
JAPANESE = "これは文字コードの判定を試すために書いた、少し長めの日本語の文章です。" * 8


def look(body: str, shown: str = "", head: str = "") -> DataText | None:
    source = f"<html><head>{head}</head><body>{body}</body></html>".encode()
    return find(source, scan(source).heads.tolist(), shown)


def linked(data: object) -> str:
    return f'<script type="application/ld+json">{data if isinstance(data, str) else json.dumps(data)}</script>'


def state(data: object) -> str:
    return f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script>'


@pytest.mark.parametrize(
    ("data", "want"),
    [
        ({"@type": "NewsArticle", "articleBody": LONG}, [LONG]),
        ({"@graph": [{"@type": "WebPage", "description": "x"}, {"@type": ["Article", "Thing"], "articleBody": LONG}]}, [LONG]),
        ({"@type": "http://schema.org/BlogPosting", "text": LONG}, [LONG]),
        ({"@type": "QAPage", "mainEntity": {"@type": "Question", "name": "How?", "text": "How so?", "acceptedAnswer": {
            "@type": "Answer", "text": "So."}, "suggestedAnswer": [{"text": "Or so."}]}}, ["How?", "How so?", "So.", "Or so."]),
        ({"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": f"q{i}", "acceptedAnswer": {"text": f"a{i}"}}
                                             for i in range(2)]}, ["q0", "a0", "q1", "a1"]),
        ({"@type": "Recipe", "name": "Bread", "recipeIngredient": ["flour", "water"], "recipeInstructions": [
            {"@type": "HowToStep", "text": "Mix."},
            {"@type": "HowToSection", "name": "Then", "itemListElement": [{"text": "Bake."}]}]},
         ["Bread", "flour\nwater", "Mix.", "Then", "Bake."]),
        ({"@type": "HowTo", "name": "Knit", "step": ["One.", {"name": "Two."}]}, ["Knit", "One.", "Two."]),
        ({"@type": "Product", "name": "Coat", "description": "Warm."}, ["Coat", "Warm."]),
        ({"@type": "DiscussionForumPosting", "headline": "Hi", "text": "a", "comment": [{"text": "b"}, {"text": "c"}]},
         ["Hi", "a", "b", "c"]),
        ({"@type": "Organization", "name": "x"}, []),
        ({"@type": 3, "articleBody": LONG}, []),
        ([1, "x", None, [[]]], []),
    ],
)  # fmt: skip
def test_linked_texts(data, want):
    """Each family of types has its fields; an article outranks the descriptions around it."""
    source = json.dumps(data).encode()
    assert linked_texts(linked_objects(source, [(0, len(source))])) == want


@pytest.mark.parametrize(
    ("script", "want"),
    [
        ('{"a": "line\nend"}', {"a": "line\nend"}),
        ('<!-- {"a": [1, 2,],} -->', {"a": [1, 2]}),
        ('//<![CDATA[\n{"a": 1}\n//]]>', {"a": 1}),
        ("<![CDATA[ [1] ]]>", [1]),
        ('{"a": undefined, "b": "it\\\'s"}', {"a": None, "b": "it's"}),
        ('{"a": 1}; (function(){})()', {"a": 1}),
        ("{&quot;a&quot;: &quot;b&quot;}", {"a": "b"}),
        ("{a: 1}", None),
        ("", None),
        ("[" * 100_000, None),
        ('{"a": ' + "9" * 5_000 + "}", None),
    ],
)
def test_read_json(script, want):
    """One lenient retry, then nothing; never an exception."""
    assert read_json(script.encode()) == want


def test_linked_data_stand_for_a_page_that_shows_nothing():
    """Plain bodies are text; those with tags are to be read as HTML, also where the tags were escaped."""
    article = {"@type": "Article", "articleBody": LONG}
    assert look(linked(article)) == DataText(LONG, "linked_data", False)
    for body in (f"<p>{LONG}</p><p>x</p>", f"&lt;p&gt;{LONG}&lt;/p&gt;&lt;p&gt;x&lt;/p&gt;"):
        assert look(linked(article | {"articleBody": body})) == DataText(f"<p>{LONG}</p><p>x</p>", "linked_data", True)
    assert look(linked(article | {"articleBody": LONG.replace("the", "the &amp;")})).text.count("&") == LONG.count("the")


def test_what_is_shown_is_not_found_twice():
    """A page with enough text is not searched; a body that the page shows adds nothing, a longer one does."""
    body = linked({"@type": "Article", "articleBody": LONG})
    assert look(body, LONG * 2) is None
    assert look(body, LONG[:100]).text == LONG
    short = linked({"@type": "Article", "articleBody": LONG[:150]})
    assert look(short, "Home " + LONG[:150]) is None
    assert confirms(JAPANESE, "目次 " + JAPANESE)
    assert not confirms(LONG, JAPANESE)


@pytest.mark.parametrize(
    "script",
    [
        state({"props": {"id": "a" * 300, "url": "https://x.org/" + "a/" * 200, "body": LONG}}),
        f"<script>window.__INITIAL_STATE__ = {json.dumps({'post': {'text': LONG}})};</script>",
        f"<script>window.__PRELOADED_STATE__=JSON.parse({json.dumps(json.dumps([LONG]))})</script>",
        f'<script type="application/json">{json.dumps([LONG])}</script>',
    ],
)
def test_states_are_read_as_json(script):
    """Next, Nuxt and their like: prose is taken, ids, addresses and code are not."""
    assert look(script) == DataText(LONG, "state", False)


def test_states_keep_order_and_short_siblings():
    """Paragraphs of one list belong together, however short; strings elsewhere must be long."""
    blocks = [{"t": "A short first one, with words."}, {"t": LONG}, {"t": "And the very last one, short."}]
    found = look(state({"menu": {"t2": "Some words of the menu here"}, "blocks": blocks}))
    assert found.text.split("\n\n") == [block["t"] for block in blocks]


def test_descriptions_of_a_page_are_no_text():
    """What linked data or the head say of the page in a sentence or two does not stand for its text."""
    said = linked({"@type": "WebPage", "description": "Another sentence about the page. " * 8})
    assert look(said + state({"body": LONG})) == DataText(LONG, "state", False)
    assert look(said, head=f"<meta name=description content='{LONG}'>") is None


def test_nothing_is_evaluated():
    """A state that is a program is left alone."""
    assert look(f"<script>window.__NUXT__=(function(a){{return {{t:'{LONG}'}}}})()</script>") is None


@pytest.mark.parametrize(
    ("body", "origin"),
    [
        (f"<script>x()</script><noscript><p>{LONG}</p></noscript>", "noscript"),
        (f"<noscript><p>{LONG}</p></noscript>", "noscript"),
        (f"<div><template><p>{LONG}</p></template></div>", "template"),
        (f"<frameset cols=2><frame src=a></frameset><noframes><p>{LONG}</p></noframes>", "frameset"),
    ],
)
def test_elements_that_browsers_hide(body, origin):
    """Contents for readers without scripts, frames or shadow trees are HTML to be read."""
    found = look(body)
    assert (found.text, found.text_source, found.markup) == (f"<p>{LONG}</p>", origin, True)


def test_requests_for_scripts_are_no_text():
    """A page that only asks for JavaScript gives nothing."""
    asks = "<script src=a.js></script><noscript>You need to enable JavaScript to run this app, or so it says.</noscript>"
    assert look(asks) is None


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (LONG, True),
        (JAPANESE, True),
        (f"<p class='a b'>{LONG}</p>", True),
        ("https://example.org/" + "a" * 300, False),
        ("QUJDRA==" * 60, False),
        ("M10 10 L20 20 " * 30, False),
        ("function f(a) { return a[0] == b; } " * 10, False),
        (".a { color: red; margin: 0 } " * 10, False),
        ('{"a": "b", "c": ["d"]}' * 20, False),
        ("", False),
    ],
)
def test_prose(text, want):
    """Sentences in any script are prose; code, addresses and encodings are not."""
    assert is_prose(text) == want


_KEYS = st.sampled_from(["@type", "articleBody", "mainEntity", "text", "step", "a"])
_DATA = st.recursive(
    st.none() | st.integers() | st.text(max_size=20) | st.sampled_from(["Article", "HowTo", "Question", LONG]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(_DATA)
def test_any_data_are_read(data):
    """Whatever the shape, there is an answer."""
    found = look(linked(data) + state(data))
    assert found is None or found.text


@pytest.mark.parametrize(
    "body",
    [
        linked("[" * 500_000),
        linked('{"a":' * 300_000),
        linked("," + " " * 1_000_000),
        linked("{" + "," * 1_000_000),
        linked('{"a":"' + "\\x" * 500_000),
        linked([{"@type": "Article", "articleBody": LONG[:20]}] * 20_000),
        state([[LONG[:30]] * 10] * 20_000),
        state(["<script" * 20_000]),
        "<script>x</script>" + "<template " * 100_000,
        "<noscript>" + "<script>" * 100_000,
        "<noscript>" + "<a " * 300_000,
    ],
    ids=lambda body: body[:50],
)
def test_hostile_data_take_linear_time(body):
    """Depth, width and unclosed tags cost two seconds at most."""
    source = body.encode()
    heads = scan(source).heads.tolist()
    start = time.process_time()
    find(source, heads, "")
    assert time.process_time() - start < 2
