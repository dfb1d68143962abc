"""What the settings keep or drop whatever the model says."""

import pytest

from udfs.html import HtmlSettings, extract

PARAGRAPH = "Wool has been spun by hand in the valley for as long as anybody there remembers, and it is still spun there today. "
PAGE = f"""<html><head><title>Wool of the old valley</title></head><body><nav><a href=/>Home</a> <a href=/a>About</a></nav>
<article><h1>Wool of the old valley</h1><p class=byline>By A. Weaver, 3 May 2020</p>
<p>{PARAGRAPH * 3}</p><figure><img src=a.jpg><figcaption>A shepherd counts his flock at dusk</figcaption></figure>
<p>{PARAGRAPH * 2}Nobody minds.</p><table><tr><th>Year</th><th>Sheep</th></tr><tr><td>1999</td><td>4711</td></tr><tr><td>2001</td>
<td>4622</td></tr></table><p>{PARAGRAPH * 3}At all.</p></article>
<section id=comments><div class=comment><p>I like this article very much indeed, thanks a lot.</p></div></section></body></html>"""
PARTS = {
    "title": "Wool of the old valley",
    "bylines": "By A. Weaver",
    "captions": "A shepherd counts",
    "tables": "1999\t4711",
    "comments": "I like this article",
}


@pytest.mark.parametrize(("name", "text"), PARTS.items())
def test_each_kind_can_be_kept_or_dropped(name, text):
    """A kind that is kept is in the text, one that is dropped is not, and the paragraphs are there both times."""
    kept, dropped = (extract(PAGE, settings=HtmlSettings(**{name: choice})).text for choice in ("keep", "drop"))
    assert text in kept
    assert text not in dropped
    assert kept.count("Wool has been spun") == dropped.count("Wool has been spun") == 8
