"""Scanned pages to text: the catalogue of formulas and code on the real web, page facts, spans, real pages with known truth."""

import json
import lzma
import os
import re
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from udfs.html import extract
from udfs.html.page.scanner import scan
from udfs.html.settings import HtmlSettings
from udfs.html.text.assembly import page_text
from udfs.spans import Span

MATHML = "<math><semantics><mrow><mi>E</mi><mo>=</mo><mi>m</mi></mrow>{}</semantics></math>"
TEX = MATHML.format('<annotation encoding="application/x-tex">E=mc</annotation>')
BARE = MATHML.format("")


def both(page: str, *, alt_texts: bool = True, url: str | None = None) -> tuple[str, tuple[Span, ...]]:
    tables = scan(page.encode())
    return page_text(tables, np.ones(len(tables.blocks), np.bool_), alt_texts=alt_texts, url=url)[:2]


def text(page: str) -> str:
    return both(page)[0]


def spans(page: str) -> list[tuple[str, str]]:
    found, marked = both(page)
    return [(span.kind, found[span.start : span.end]) for span in marked]


@pytest.mark.parametrize(
    ("content", "want"),
    [
        (r'a <script type="math/tex">\alpha<\beta</script> b', r"a $\alpha<\beta$ b"),
        (r'a <script type="math/tex; mode=display">x</script> b', "a\n$$x$$\nb"),
        ('a <script type="math/mml"><math><mi>x</mi></math></script> b', "a $x$ b"),
        (f'a <span class="mwe-math-element"><span style="display: none;">{TEX}</span><img alt="E=mc" aria-hidden="true"></span> b',
         "a $E=mc$ b"),
        (f'a <span class="wiki-x"><span>{TEX}</span><img alt="E=mc" class="tex" aria-hidden="true"></span> b', "a $E=mc$ b"),
        (f"a {TEX} b", "a $E=mc$ b"),
        (f"a {BARE} b", "a $E=m$ b"),
        ('a <mml:math display="block"><mml:mi>x</mml:mi></mml:math> b', "a\n$$x$$\nb"),
        ('a <math alttext="{\\displaystyle y_1}"><mi>y</mi></math> b', "a $y_1$ b"),
        (f'a <span class="katex"><span class="katex-mathml">{TEX}</span><span class="katex-html">Em</span></span> b',
         "a $E=mc$ b"),
        (f'a <span class="katex-display"><span class="katex">{TEX}<span class="katex-html">Em</span></span></span> b',
         "a\n$$E=mc$$\nb"),
        (f'a <span class="ktx"><span>{TEX}</span><span aria-hidden="true">Em</span></span> b', "a $E=mc$ b"),
        ('a <mjx-container data-latex="y_1"><svg><text>y</text></svg></mjx-container> b', "a $y_1$ b"),
        (f'a <mjx-container display="true"><mjx-math></mjx-math><mjx-assistive-mml>{BARE}</mjx-assistive-mml></mjx-container> b',
         "a\n$$E=m$$\nb"),
        ('a <span class="MathJax_Preview">x</span><span class="MathJax" data-mathml="q"><nobr>α</nobr></span>'
         '<script type="math/tex">q</script> b', "a $q$ b"),
        ('a <span class="MathJax" data-mathml="&lt;math&gt;&lt;mi&gt;q&lt;/mi&gt;&lt;/math&gt;"><nobr>α</nobr></span> b', "a $q$ b"),
        ('a <span class="math inline">x_1</span> b', "a $x_1$ b"),
        (r'a <span class="arithmatex">\(x_1\)</span> b', r"a \(x_1\) b"),
        (r'a <span class="nameless">\(x_1\)</span> b', r"a \(x_1\) b"),
        ('a <img src="https://s0.wp.com/latex.php?latex=x+y%5E2&#038;bg=fff" alt="" class="latex"> b', "a $x y^2$ b"),
        ('a <img src="https://s0.wp.com/latex.php?latex=x+y%5E2&#038;bg=fff"> b', "a $x y^2$ b"),
        (r'a <img src="https://latex.codecogs.com/gif.latex?\dpi{120}&space;x_1" title="x"> b', "a $x_1$ b"),
        (r'a <img class="ql-img-inline-formula" src="q.png" alt="&#92;&#97;&#108;&#112;&#104;&#97;"> b', r"a $\alpha$ b"),
        (r'a <img class="math" src="_images/math/1.png" alt="\int f"> b', r"a $\int f$ b"),
        (r'a <img class="none" src="1.png" alt="\int f"> b', r"a $\int f$ b"),
        (r"take \[ x_1 \] and $y_2$", r"take \[ x_1 \] and $y_2$"),
        ("10<sup>23</sup>, H<sub>2</sub>O, 21<sup>st</sup>", "10^{23}, H_{2}O, 21st"),
        ("known<sup id=r><a href='#n1'>1</a></sup> since <sup class=fn>2</sup> then", "known since then"),
        ("漢<ruby>字<rp>(</rp><rt>ji</rt><rp>)</rp></ruby>で", "漢字で"),
        ("Press <kbd>Ctrl</kbd>+<kbd>C</kbd>&nbsp;now", "Press Ctrl+C now"),
    ],
)  # fmt: skip
def test_inside_a_paragraph(content, want):
    """Formulas, exponents, notes and readings inside a paragraph, with their class names and without."""
    assert text(f"<p>{content}</p>") == want


LINES = "one\n  two"


@pytest.mark.parametrize(
    "content",
    [
        f"<pre>{LINES}</pre>",
        f"<pre><code class='language-x'>{LINES}</code></pre>",
        "<div class='highlight'><table class='highlighttable'><tr><td class='linenos'><pre>1\n2</pre></td><td class='code'>"
        f"<pre>{LINES}</pre></td></tr></table></div>",
        f"<table class='zz'><tr><td><pre>1\n2</pre></td><td><pre>{LINES}</pre></td></tr></table>",
        "<pre><span class='ln'>1</span>one\n<span class='ln'>2</span>  two</pre>",
        "<pre><b>1</b>one\n<b>2</b>  two</pre>",
        "<table class='js-file-line-container'><tr><td class='blob-num' data-line-number='1'></td><td class='blob-code'>one</td></tr>"
        "<tr><td class='blob-num' data-line-number='2'></td><td class='blob-code'>  two</td></tr></table>",
        "<div class='syntaxhighlighter'><table><tr><td class='gutter'><div class='line'>1</div><div class='line'>2</div></td>"
        "<td class='code'><div class='line'>one</div><div class='line'><code>&nbsp;&nbsp;</code>two</div></td></tr></table></div>",
        "<div class='crayon-syntax'><textarea class='crayon-plain'>one\n  two</textarea><div class='crayon-line'>one</div></div>",
        "<div class='fragment'><div class='line'>one</div><div class='line'>&#160; two</div></div>",
        "<div class='code'><code>one<br>&nbsp;&nbsp;two<br></code></div>",
        "<p><tt>one<br>&nbsp; two</tt></p>",
        "<div class='jp-Cell'><div class='jp-InputPrompt'>In&nbsp;[7]:</div><pre>one\n  two</pre></div>",
        "<div class='cell'><div class='prompt input_prompt'>In [7]:</div><pre>one\n  two</pre></div>",
        "<div class='code-toolbar'><pre>one\n  two</pre><div class='toolbar'><button>Copy</button><div>Bash</div></div></div>",
        "<div class='language-js'><span class='lang'>js</span><pre>one\n  two</pre></div>",
    ],
)
def test_code_comes_alone(content):
    """Code in each highlighter's form, and with other names, is one span, without gutter, prompts and labels."""
    page = f"<p>Take these lines.</p>{content}<p>That is all there is.</p>"
    assert text(page) == f"Take these lines.\n\n{LINES}\n\nThat is all there is."
    assert spans(page) == [("code", LINES)]


@pytest.mark.parametrize(
    ("page", "want"),
    [
        ("<h1>T<a class=headerlink href='#t'>¶</a></h1><p>one<p>two", "T\n\none\n\ntwo"),
        ("<p>need:</p><ul><li>eggs<li><p>flour</p><li>spices<ul><li>salt</ul></ul><p>x", "need:\n\neggs\nflour\nspices\nsalt\n\nx"),
        ("<dl><dt>Term</dt><dd>Meaning.</dd></dl>", "Term\nMeaning."),
        ("<table width=1><tr><td valign=top>a</td><td><p>b</p><p>c</p></td></tr></table>", "a\n\nb\n\nc"),
        ("<table><tr><th>k<th>v<tr><td>a<td>x<sup>2</sup></table>", "k\tv\na\tx^{2}"),
        ("<p>a<br>b<br><br>c</p>", "a\nb\n\nc"),
        ("<p>x <img alt='logo'> y</p><p><img alt='an icon of it'></p><p>z</p>", "x y\n\nz"),
        ("<p>so&shy;ft, ze&#8203;ro, &#8238;turned</p>", "soft, zero, turned"),
        ("<div class='math'><p><img class=math src='_images/math/1.png' alt='\\int f'></p></div>", r"$$\int f$$"),
        ("<p><img class=latex src='l.png' alt='a_1'></p>", "$$a_1$$"),
        ("<p>This is **bold text** and [a link](https://x.org/a).</p>", "This is bold text and a link."),
        ("", ""),
    ],
)  # fmt: skip
def test_blocks(page, want):
    """Headings, lists, definitions, tables, breaks, pictures and markdown come out as the conventions say."""
    assert text(page) == want


ALT = "a map of the old town"


@pytest.mark.parametrize(
    ("content", "want"),
    [
        (f"<p><img alt='{ALT}'> It was drawn by hand.</p>", f"{ALT}\nIt was drawn by hand."),
        (f"<p><img alt='{ALT}'>It was drawn by hand.</p>", f"{ALT}\nIt was drawn by hand."),
        (f"<p>x<p><img alt='{ALT}'> It was", f"x\n\n{ALT}\nIt was"),
        (f"<p>We saw <img alt='{ALT}'> here.</p>", f"We saw {ALT} here."),
        (f"<p><img alt='{ALT}'></p><p>x</p>", f"{ALT}\n\nx"),
        (f"<ul><li><img alt='{ALT}'> drawn<li>x</ul>", f"{ALT} drawn\nx"),
    ],
)
def test_alternative_texts_that_begin_a_block(content, want):
    """They have a line of their own, but in an item of a list, which is a line."""
    assert text(content) == want


@pytest.mark.parametrize(
    ("content", "stays"),
    [
        (f"<p>we went <img alt='{ALT}'> home</p>", True),
        (f"<p><img alt='{ALT}'></p>", True),
        (f"<p><a href='big.jpg'><img alt='{ALT}'></a></p>", True),
        (f"<p><a href='/story'><img alt='{ALT}'></a></p>", False),
        (f"<figure><img alt='{ALT}'><figcaption>The town in 1800</figcaption></figure>", False),
        (f"<figure><img alt='{ALT}'></figure>", True),
        (f"<div><img alt='{ALT}'><p>Here: A map of the old town, 1800.</p></div>", False),
        (f"<p>A map of the old town.</p><p><img alt='{ALT}'></p>", False),
    ],
)
def test_alternative_texts(content, stays):
    """A phrase stays unless it leads elsewhere, has a caption, or is said beside it."""
    found = text(f"<p>First things come first.</p>{content}<p>Last things come last.</p>")
    assert (ALT in found) is stays
    assert both(content, alt_texts=False)[0].count(ALT) == 0 or not stays


def test_an_alternative_text_stands_once_and_apart():
    """A lazy picture's twin is not repeated, and words do not run into each other."""
    assert text(f"<p>we<img alt='{ALT}'>went</p>") == f"we {ALT} went"
    assert text(f"<p>b <img alt='{ALT}'> c</p><p>and <img alt='{ALT}'> d</p>").count(ALT) == 1


def test_numbers_of_notes():
    """A raised number behind a word is a note if a note of the page begins with it, else an exponent."""
    note = "<p><sup>2</sup> Persons of 18 and more.</p>"
    assert text(f"<p>all adults<sup>2</sup> may</p>{note}") == "all adults may\n\nPersons of 18 and more."
    assert text("<p>all adults<sup>2</sup> may</p>") == "all adults^{2} may"
    assert text(f"<p>100 m<sup>2</sup> may</p>{note}").startswith("100 m^{2} may")


def test_spans_are_where_they_are_said_to_be():
    """Code, formulas and tables are marked exactly, in order, also behind other scripts and after edits."""
    page = (
        "<p>日本 <b>x</b> <math><mi>y</mi></math> and \\(z\\)</p><pre>a  b\n\n\tc</pre><p>A **bold word** [x](https://a.org/b)</p>"
        "<table><caption>Cap</caption><tr><th>k<th>v<tr><td>1<td>2</table>"
    )
    assert spans(page) == [("math", "$y$"), ("math", r"\(z\)"), ("code", "a  b\n\n\tc"), ("table", "k\tv\n1\t2")]


@pytest.mark.parametrize(
    ("content", "want"),
    [
        ("<pre class='language-js'>x</pre>", "javascript"),
        ("<pre><code class='lang-py'>x</code></pre>", "python"),
        ("<pre><code data-lang=sh>x</code></pre>", "bash"),
        ("<pre data-enlighter-language='php' class='EnlighterJSRAW'>x</pre>", "php"),
        ("<pre class='brush: js notranslate'>x</pre>", "javascript"),
        ("<pre class='brush:jscript; title: ; notranslate'>x</pre>", "javascript"),
        ("<pre class='sourceCode haskell'><code class='sourceCode haskell'>x</code></pre>", "haskell"),
        ("<pre class='prettyprint lang-cpp'>x</pre>", "cpp"),
        ("<pre><code class='hljs c'>x</code></pre>", "c"),
        ("<div class='highlight-python3 notranslate'><div class='highlight'><pre><span></span>x</pre></div></div>", "python"),
        ("<div class='highlight highlight-source-shell'><pre>x</pre></div>", "bash"),
        ("<div class='highlight hl-ipython3'><pre>x</pre></div>", "python"),
        ("<div class='mw-highlight mw-highlight-lang-rust'><pre>x</pre></div>", "rust"),
        ("<div class='language-ruby highlighter-rouge'><div class='highlight'><pre class='highlight'><code>x</code></pre></div></div>",
         "ruby"),
        ("<figure data-language=ts><pre><code>x</code></pre></figure>", "typescript"),
        ("<table class='highlighttable'><tr><td class='linenos'><pre>1</pre></td><td class='code'>"
         "<pre><code class='language-go'>x</code></pre></td></tr></table>", "go"),
        ("<div class='syntaxhighlighter java'><table><tr><td class='code'><div class='line'>x</div></td></tr></table></div>", "java"),
        ("<pre class='language-none'>x</pre>", None),
        ("<pre class='language-plaintext'>x</pre>", None),
        ("<div class='highlight-default'><pre>x</pre></div>", None),
        ("<div class='language-switcher lang-en source-list'><pre>x</pre></div>", None),
        ("<div class='language-js'><p>y</p></div><pre>x</pre>", None),
        ("<pre>x</pre>", None),
        ("<pre class='language-brainfuck'>x</pre>", "brainfuck"),
    ],
)  # fmt: skip
def test_code_has_its_language(content, want):
    """From classes and attributes of the block, what it holds or what is around it; words that say nothing are no language."""
    found, marked = both(f"<body><p>before</p>{content}<p>after</p>")
    assert [(span.kind, span.language, found[span.start : span.end]) for span in marked] == [("code", want, "x")]


def test_fences_of_markdown_have_their_language():
    """The info string of a fence names the language."""
    found, marked = both("<pre># a\n\n[b](https://b.org)\n\n```js title=x\nf()\n```\n\n```\ng()\n```\n</pre>")
    assert [(span.language, found[span.start : span.end]) for span in marked] == [("javascript", "f()"), (None, "g()")]


def outline(page: str, *, url: str | None = None) -> list[tuple[str, str]]:
    tables = scan(page.encode())
    found, _, parts = page_text(tables, np.ones(len(tables.blocks), np.bool_), url=url)
    assert list(parts) == sorted(parts)
    return [(part.kind, found[part.start : part.end]) for part in parts]


@pytest.mark.parametrize(
    ("page", "want"),
    [
        ("<p>a<ul><li>b<li>c</ul><p>d", [("list", "b\nc")]),
        ("<ul><li> b<li>c</ul>", [("list", "b\nc")]),
        ("<ol><li>a<ul><li>b</ul><li>c</ol><ol><li>d</ol>", [("list", "a\nb\nc"), ("list", "d")]),
        ("<dl><dt>a<dd>b</dl>c", [("list", "a\nb")]),
        ("x<ul><li><pre>b</pre><li>c<pre>d</pre></ul>y", [("list", "b\n\nc\n\nd")]),
        ("<ul><li><sup>2</sup>b <img src=a alt=''></ul><p>c<ul><li><img src=a alt=''></ul>", [("list", "^{2}b")]),
        ("<ul><li><img src=a alt='a small red hen'></ul>", [("alt", "a small red hen"), ("list", "a small red hen")]),
        ("<p>It <img src=a alt='a small red hen'> is", [("alt", "a small red hen")]),
        ("<ul><li>a\u00b6<li>b\u00b6</ul><ul><li>c</ul>", [("list", "a\nb"), ("list", "c")]),
        ("<p>a<p>b", []),
        ("", []),
    ],
)
def test_outline(page, want):
    """Lists that are in no other, and alternative texts, whatever stands at their ends."""
    assert outline(f"<body>{page}") == want


def test_extractions_have_their_outline():
    """Lists and alternative texts go along with the text; engines that do not say where theirs are say nothing."""
    words = "<p>Sheep are kept in flocks on hills, and their wool is shorn once a year by people who know how to do it well.</p>"
    page = f"<body><article><h1>Wool</h1>{words * 3}<ul><li>Merino is fine wool<li>Shetland is coarse wool</ul>{words}</article>"
    found = extract(page)
    assert [found.text[part.start : part.end] for part in found.outline] == ["Merino is fine wool\nShetland is coarse wool"]
    assert extract(page, settings=HtmlSettings(engine="resiliparse")).outline == ()


def test_outline_moves_with_the_edits_of_markdown():
    """Markers that go before and inside a list move it."""
    page = "<body><p>**a** [b](https://b.org/)<p># c<ul><li>**d** e<li>[f](https://f.org/)</ul><p>g **h**"
    assert outline(page, url="https://x.org/y.md") == [("list", "d e\nf")]


MARKUP = ["<ul>", "</ul>", "<li>", "x ", "<ol>", "</ol>", "<pre>y</pre>", "<br>", "<p>", "<sup>2</sup>", "<dl><dd>", "<table>"]
PICTURES = ["<img src=a alt=''>", "<img src=a alt='three words here'>"]


@given(st.lists(st.sampled_from(MARKUP + PICTURES), max_size=25))
def test_marks_of_lists_leave_no_trace(markup):
    """No mark is in the text, and lists neither overlap nor begin or end with white space."""
    page = "".join(markup)
    tables = scan(page.encode())
    found, _, parts = page_text(tables, np.ones(len(tables.blocks), np.bool_))
    assert not set(found) & {"\x01", "\x02", "\x03"}
    lists = [part for part in parts if part.kind == "list"]
    assert all(one.end <= other.start for one, other in pairwise(lists))
    assert all(found[part.start : part.end].strip() == found[part.start : part.end] != "" for part in parts)


@pytest.mark.parametrize(
    ("page", "want"),
    [
        ("<p>one<a class='footnote-reference' href='#a' role='doc-noteref'><span>[</span>1<span>]</span></a> two", "one two"),
        ("<p>one<a href='#fn1' class='footnote-ref' role=doc-noteref><sup>1</sup></a>, two", "one, two"),
        ("<p>one<a epub:type='noteref' href='#n'>12</a> two", "one two"),
        ("<p>one <a href='#a'>[1]</a> two", "one [1] two"),
        ("<p><a href='/noteref.html'>the noteref</a> two", "the noteref two"),
        ("<p>one<a role=doc-noteref href='#a'>[1", "one[1"),
        ("<table><tr><th>a<th>b<tr><td>c<td>d <a role=doc-noteref href='#a'>[1]</a></table>", "a\tb\nc\td"),
    ],
)
def test_links_to_notes_go(page, want):
    """A link that says that it refers to a note is not printed, raised or not."""
    assert text(f"<body>{page}") == want


def test_a_table_of_one_column_is_no_table():
    """A note drawn with a table (a picture over two rows beside it) is text."""
    page = "<p>a<table><tr><td rowspan=2><img src=n.png alt='[Note]'><th>Note<tr><td><p>See b.</table><p>c"
    assert both(page) == ("a\n\nNote\nSee b.\n\nc", ())


@pytest.mark.parametrize(
    ("label", "stays"),
    [
        ("<p>Code: <a href='#' onclick='f(this)'>Select all</a></p>", False),
        ("<ul><li role=tab>Debian</li><li role=tab>Fedora</li></ul>", False),
        ("<p><a href='javascript:copy()'>Copy</a></p>", False),
        ("<p>See <a href='#b'>b</a>:</p>", True),
    ],
)
def test_what_labels_code(label, stays):
    """Controls and tabs beside a block of code are no text; a link to somewhere is."""
    assert (text(f"<body><p>some words</p>{label}<pre>x = 1</pre><p>more").count("\n\n") == 3) is stays


@pytest.mark.parametrize(
    ("code", "want"),
    [
        ("\n    a<br>\n    <br>\n    b\n    c<br>\n", "a\n\nb c"),
        ("a<br>&nbsp;&nbsp;b<br>\n&nbsp;c", "a\n  b\n c"),
        ("a<br>\n<span class=indent>\n  b<br>\n</span>\nc", "a\nb\nc"),
        ("a\n  b\n  c<br>\nd\n  e", "a\n  b\n  c\nd\n  e"),
    ],
)
def test_lines_that_br_ends(code, want):
    """The source's own line ends and indentation are white space, unless they make more lines than ``br`` does."""
    assert spans(f"<body><p>some words</p><p><code>{code}</code></p><p>more") == [("code", want)]


def test_comments_of_a_program_are_no_markdown():
    """Signs of comments look like headings: it takes another construct, and no language that is stated."""
    program = "# A grammar\n\n## Rules\n# * one\nrule: a | b\n" * 5
    assert both(f"<pre>{program}</pre>")[0].startswith("# A grammar")
    linked = program + "[a](https://a.org/)\n"
    assert both(f"<pre>{linked}</pre>")[0].startswith("A grammar")
    assert both(f"<pre class='language-python'>{linked}</pre>")[0].startswith("# A grammar")


def test_markdown_that_was_served_raw():
    """A page whose text is one block of markdown is a document; its fenced part is the code."""
    source = "## Start\n\nThis **tool** reads [dates](https://x.org).\n\n```\nx = a * b\n```\n"
    found, marked = both(f"<html><body><pre>{source}</pre></body></html>", url="https://x.org/a.md")
    assert found == "Start\n\nThis tool reads dates.\n\nx = a * b"
    assert [found[s.start : s.end] for s in marked if s.kind == "code"] == ["x = a * b"]


@given(st.text(alphabet="ab <&\n\t\u00a0*_$\\é`#", max_size=80))
@hypothesis_settings(max_examples=80)
def test_preformatted_text_survives(code):
    """Code comes back as it was, but for no-break blanks, trailing blanks of lines and outer blank lines."""
    want = re.sub(r"[ \t]+$", "", code.replace("\u00a0", " "), flags=re.M).strip("\n")
    escaped = code.replace("&", "&amp;").replace("<", "&lt;")
    page = f"<p>This is a sentence of prose.</p><pre>\n{escaped}</pre><p>And this is another one, and a longer one at that.</p>"
    assert [content for kind, content in spans(page) if kind == "code"] == ([want] if want else [])


@pytest.mark.parametrize(
    "part", ["*", "_", "[", "(", "$", "\\", "<", "&", "<sup>1</sup>", "<math>", "<img alt='a b c'>", "<pre>x</pre>"]
)
def test_long_runs_are_fast(part):
    """Half a megabyte of any one sign or element is written within two seconds."""
    page = "<p>" + part * (500_000 // len(part))
    tables = scan(page.encode())
    start = time.process_time()
    page_text(tables, np.ones(len(tables.blocks), np.bool_))
    assert time.process_time() - start < 2


def data_folder() -> Path:
    folder = os.environ.get("WOOLMILL_DATA")
    if not folder:
        pytest.skip("WOOLMILL_DATA is not set")
    return Path(folder)


def test_real_formulas_code_and_tables():
    """On 120 pages with known truth nearly every formula, block of code and table row is in a span of its kind."""
    counts = Counter[tuple[str, bool]]()
    with lzma.open(data_folder() / "structured" / "rendered.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][::3][:120]
    for row in rows:
        found, marked = both(row["html"])
        inside = {kind: "\n".join(found[s.start : s.end] for s in marked if s.kind == kind) for kind in ("code", "table", "math")}
        for block in row["code_blocks"]:
            want = "\n".join(line.rstrip() for line in block["text"].replace("\xa0", " ").split("\n"))
            counts["code", "\n" not in want or want in inside["code"]] += 1
        for cells in (cells for table in row["tables"] for cells in table):
            counts["table", "\t".join(cells).strip() in inside["table"]] += 1
        squeezed = re.sub(r"\s+", "", inside["math"] + inside["table"])
        for latex, info in zip(row["formulas"], row["formula_info"], strict=True):
            if info["kind"] == "exact":
                bare = re.sub(r"^\{\\displaystyle(.*)\}$", r"\1", latex, flags=re.DOTALL)
                bare = re.sub(r"\\displaystyle(?![a-zA-Z])", "", bare)
                counts["math", re.sub(r"\s+", "", bare) in squeezed] += 1
    for kind, floor in (("code", 0.99), ("table", 0.97), ("math", 0.97)):
        assert counts[kind, True] >= floor * (counts[kind, True] + counts[kind, False]), (kind, counts)
