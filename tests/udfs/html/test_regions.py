"""Each kind of region, from the markup that real pages have, with and without the class names that tell it apart."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.page.layout import Region
from udfs.html.text.mathematics import looks_like_latex
from udfs.html.text.regions import Place, attributes, read_region, strip_tags

ANNOTATED = (
    "<math xmlns='http://www.w3.org/1998/Math/MathML'{}><semantics><mrow><mi>E</mi><mo>=</mo><mi>m</mi></mrow>"
    '<annotation encoding="application/x-tex">E=m\\&lt;c</annotation></semantics></math>'
)


def text(kind: Region, source: str, place: Place | None = None) -> str:
    return "".join(piece.text for piece in read_region(kind, source, place or Place()))


def math(content: str) -> str:
    return text(Region.MATH, f"<math>{content}</math>")


@pytest.mark.parametrize(
    ("source", "want"),
    [
        (r'<script type="math/tex" id="m1">\alpha<\beta &lt;</script>', r"$\alpha<\beta &lt;$"),
        (r'<script type="math/tex; mode=display">% <![CDATA[ x % ]]></script>', "$$x$$"),
        ('<script type="math/mml"><math display="block"><msup><mi>x</mi><mn>2</mn></msup></math></script>', "$$x^{2}$$"),
        (f'<span class="katex"><span class="katex-mathml">{ANNOTATED.format("")}</span><span class="katex-html">Em</span></span>',
         "$E=m\\<c$"),
        (f'<span class="katex-display"><span class="katex">{ANNOTATED.format("")}<span>Em</span></span></span>', "$$E=m\\<c$$"),
        (f'<span class="mwe-math-element"><span style="display:none">{ANNOTATED.format("")}</span>'
         '<img class="mwe-math-fallback-image-display" alt="E"></span>', "$$E=m\\<c$$"),
        ('<span class="mwe-math-element mwe-math-element-inline"><img alt="{\\displaystyle a+b}" '
         'class="mwe-math-fallback-image-inline"></span>', "$a+b$"),
        (ANNOTATED.format(" display='block'"), "$$E=m\\<c$$"),
        ('<math alttext="y=1" mode="display"><mi>y</mi></math>', "$$y=1$$"),
        ('<m:math><m:msup><m:mi>x</m:mi><m:mn>2</m:mn></m:msup></m:math>', "$x^{2}$"),
        ('<mjx-container display="true" data-latex="a_1"><svg></svg></mjx-container>', "$$a_1$$"),
        ('<mjx-container><mjx-math></mjx-math><mjx-assistive-mml><math><mi>q</mi></math></mjx-assistive-mml></mjx-container>',
         "$q$"),
        ("<mjx-container><svg></svg></mjx-container>", ""),
        ('<span class="MathJax" data-mathml="&lt;math&gt;&lt;mi&gt;α&lt;/mi&gt;&lt;/math&gt;"><nobr>α</nobr></span>', r"$\alpha$"),
        ('<span class="math inline">x_1</span>', "$x_1$"),
        ('<span class="math display">x_1</span>', "$$x_1$$"),
        (r'<span class="math inline">\(x_1\)</span>', r"\(x_1\)"),
        (r'<span class="math-inline">x^2 + 1</span>', "$x^2 + 1$"),
        ('<span class="katex"><span class="katex-html"><span>x</span><span>2</span></span></span>', "x2"),
    ],
)  # fmt: skip
def test_formulas(source, want):
    """Every container of a formula gives its LaTeX once, and says whether it stands on its own."""
    assert text(Region.MATH, source) == want


def test_renderings_of_a_script_are_nothing():
    """Where scripts hold the formulas, what MathJax made of them goes; a script inside the rendering counts."""
    rendered = '<span class="MathJax_SVG"><nobr>α</nobr></span>'
    assert text(Region.MATH, rendered, Place(scripts=True)) == ""
    assert text(Region.MATH, rendered) == "α"
    inside = '<span class="MathJax"><nobr>α</nobr><script type="math/tex">a</script></span>'
    assert text(Region.MATH, inside, Place(scripts=True)) == "$a$"
    assert text(Region.MATH, "<math><mi>y</mi></math>", Place(scripts=True)) == "$y$"


def test_formula_of_the_element_around():
    """KaTeX without MathML takes the LaTeX that an element around it states; a display class around it counts."""
    katex = '<span class="katex"><span class="katex-html">x2</span></span>'
    assert text(Region.MATH, katex, Place(before='<p>as <span data-latex="x^2 &lt; 1">')) == "$x^2 < 1$"
    shown = f'<span class="katex">{ANNOTATED.format("")}</span>'
    assert text(Region.MATH, shown, Place(before='<div class="katex-display">')) == "$$E=m\\<c$$"


@pytest.mark.parametrize(
    ("content", "want"),
    [
        ("<mi>sin</mi><mi>x</mi>", r"\sin x"),
        ("<munder><mi>lim</mi><mrow><mi>n</mi><mo>→</mo><mo>∞</mo></mrow></munder>", r"\lim_{n\rightarrow\infty}"),
        ("<munder><mo>lim</mo><mi>n</mi></munder>", r"\lim_{n}"),
        ("<munder><mi>argmax</mi><mi>x</mi></munder>", r"\operatorname*{argmax}_{x}"),
        ("<munder><mi>A</mi><mi>x</mi></munder>", r"\underset{x}{A}"),
        ("<mover><mo>=</mo><mtext>def</mtext></mover>", r"\overset{\text{def}}{=}"),
        ("<mover><mi>x</mi><mo>^</mo></mover>", r"\hat{x}"),
        ("<mover><mrow><mi>a</mi><mi>b</mi></mrow><mo>^</mo></mover>", r"\widehat{ab}"),
        ("<mi mathvariant='bold'>x</mi>", r"\mathbf{x}"),
        ("<mi>𝜽</mi>", r"\boldsymbol{\theta}"),
        ("<mi>𝐱</mi>", r"\mathbf{x}"),
        ("<mi mathvariant='monospace'>ab</mi>", r"\mathtt{ab}"),
        ("<mi>ℝ</mi><mi>𝒞</mi>", r"\mathbb{R}\mathcal{C}"),
        ("<mrow><mo fence='true' stretchy='true'>(</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr>"
         "<mtr><mtd><mn>3</mn></mtd><mtd><mn>4</mn></mtd></mtr></mtable><mo fence='true' stretchy='true'>)</mo></mrow>",
         r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}"),
        ("<mrow><mo>[</mo><mtable><mtr><mtd><mn>1</mn></mtd></mtr></mtable><mo>]</mo></mrow>", r"\begin{bmatrix} 1 \end{bmatrix}"),
        ("<mtable displaystyle='true'><mlabeledtr><mtd><mtext>(1)</mtext></mtd><mtd><mi>a</mi></mtd><mtd><mo>=</mo><mi>b</mi></mtd>"
         "</mlabeledtr></mtable>", r"\begin{aligned} a & =b \end{aligned}"),
        ("<mmultiscripts><mi>C</mi><mn>2</mn><none/><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>", "{}_{6}^{14}C_{2}"),
        ("<msubsup><mi>f</mi><mi>k</mi><mo>′</mo></msubsup>", "f_{k}'"),
        ("<mtext>a_b &amp; c</mtext>", r"\text{a\_b \& c}"),
        ("<mi>f</mi><mspace width='0.1667em'/><mi>d</mi>", r"f\,d"),
        ("<mfrac linethickness='0'><mi>n</mi><mi>k</mi></mfrac>", r"\binom{n}{k}"),
        ("<mi>a</mi><mo>⁢</mo><mi>b</mi>", "ab"),
        ("<mphantom><mi>x</mi></mphantom><mi>y</mi>", "y"),
    ],
)  # fmt: skip
def test_presentation_becomes_latex(content, want):
    """Presentation MathML is converted: operators, limits, accents, letters in styles, matrices, lines, scripts in front."""
    assert math(content) == f"${want}$"


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("<pre>\n\n  a\n\n\tb   c\n d &lt;e&gt; &amp;amp;\r\nf\n</pre>", "  a\n\n\tb   c\n d <e> &amp;\nf"),
        ('<pre><code class="language-diff">-int x;\n+<b>int</b> y;</code></pre>', "-int x;\n+int y;"),
        ("<PRE>a&nbsp;b&#8203;c <a href='x>y'>d</a></PRE>", "a bc d"),
        ("<pre>a<br>b<br/>\nc</pre>", "a\nb\nc"),
        ("<pre><div>one</div><div>two</div></pre>", "one\ntwo"),
        ("<xmp>a <b> c</xmp>", "a <b> c"),
        ("<pre><span class='linenos'>1</span>one\n<span class='linenos'>2</span>two</pre>", "one\ntwo"),
        ("<pre><span class='zz'> 9</span>one\n<span class='zz'>10</span>two</pre>", "one\ntwo"),
        ("<pre><i>1</i>\n<i>2</i></pre>", "1\n2"),
        ("<pre><i>1</i> a\n<i>3</i> b</pre>", "1 a\n3 b"),
        ("<pre><code>x = 1</code><button>Copy</button></pre>", "x = 1"),
        ("<table class='rouge-table'><tr><td class='rouge-gutter gl'><pre class=lineno>1\n2</pre></td><td class='rouge-code'>"
         "<pre>x\ny</pre></td></tr></table>", "x\ny"),
        ("<table class='highlighttable'><tr><td class='linenos'><pre>1\n2</pre></td><td class='code'><div><pre><span></span>x\n"
         "  y\n</pre></div></td></tr></table>", "x\n  y"),
        ("<table class='lntable'><tr><td class='lntd'><pre><span class='lnt'>1\n</span></pre></td><td class='lntd'><pre>x</pre></td>"
         "</tr></table>", "x"),
        ("<table class='js-file-line-container'><tr><td class='blob-num' data-line-number=1></td><td class='blob-code'>a</td></tr>"
         "<tr><td class='blob-num' data-line-number=2></td><td class='blob-code'>\n</td></tr><tr><td class='blob-num'></td>"
         "<td class='blob-code'>\tb</td></tr></table>", "a\n\n\tb"),
        ("<table class='hljs-ln'><tr><td class='hljs-ln-numbers'>1</td><td class='hljs-ln-code'>a</td></tr></table>", "a"),
        ("<div class='syntaxhighlighter js'><div class='toolbar'><a>?</a></div><table><tr><td class='gutter'><div class='line'>1</div>"
         "<div class='line'>2</div></td><td class='code'><div class='line'><code>if</code> <code>(a &lt; b) {</code></div>"
         "<div class='line'><code class='spaces'>&nbsp;&nbsp;</code><code>c</code></div></td></tr></table></div>",
         "if (a < b) {\n  c"),
        ("<div class='crayon-syntax'><textarea class='crayon-plain'>a\n b</textarea><div class='crayon-line'>a</div></div>", "a\n b"),
        ("<div class='crayon-syntax'><div class='crayon-nums'>1</div><div class='crayon-line'>a</div><div class='crayon-line'> b</div>"
         "</div>", "a\n b"),
        ("<div class='fragment'><div class='line'><a class='lineno'>1</a>&#160;a</div><div class='line'>b</div></div>", "a\nb"),
        ("<pre class='shiki'><code><span class='line'>a</span>\n<span class='line'> b</span></code></pre>", "a\n b"),
        ("<pre><code><span class='token-line'>a<br></span><span class='token-line'> b<br></span></code></pre>", "a\n b"),
        ("<div class='mw-geshi'><ol><li><div class='de1'>a</div></li><li><div class='de1'> b</div></li></ol></div>", "a\n b"),
        ("<pre class='de1'>a\n b</pre>", "a\n b"),
        ("<code>for:<br>&nbsp;&nbsp;if<br>\nx</code>", "for:\n  if\nx"),
        ("<div class='code'><code>a<br>&nbsp;b</code></div>", "a\n b"),
        ("<div class='CodeMirror'><div class='CodeMirror-gutter'>1</div><pre class='CodeMirror-line'>a</pre>"
         "<pre class='CodeMirror-line'> b</pre></div>", "a\n b"),
        ("<div class='ace_editor'><div class='ace_gutter'>1</div><div class='ace_line'>a</div><div class='ace_line'> b</div></div>",
         "a\n b"),
        ("<div class='monaco-editor'><div class='margin'>1</div><div class='view-line'>a</div><div class='view-line'>&nbsp;b"
            "</div></div>",
         "a\n b"),
        ("<pre> \n </pre>", ""),
    ],
)  # fmt: skip
def test_code(source, want):
    """Blocks of code keep every character but gutters, buttons and outer blank lines."""
    assert text(Region.CODE, source) == want


@given(st.text(alphabet="ab \t\n<&;#\u00a0é", max_size=60), st.sampled_from(("<pre>", "<pre class=x><code>")), st.booleans())
def test_patterns_and_tree_read_code_alike(code, opening, structured):
    """A plain ``pre`` gives the same by the patterns and, made to need the tree, by the tree."""
    escaped = code.replace("&", "&amp;").replace("<", "&lt;")
    closing = "</code></pre>" if "code" in opening else "</pre>"
    want = re.sub(r"[ \t\u00a0]+$", "", code.replace("\u00a0", " "), flags=re.M).strip("\n")
    source = f"{opening}{'<ins></ins>' if structured else ''}{escaped}{closing}"
    assert text(Region.CODE, source) == want


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("<table><tr><th>k</th><th>v</th></tr><tr><td>a<br>b</td><td></td></tr><tr><td colspan=2>c</td></tr></table>",
         "k\tv\na b\t\nc\t"),
        ("<table><tr><th rowspan=2>r</th><td>1</td></tr><tr><td>2</td></tr></table>", "r\t1\n\t2"),
        ("<table><caption>Metals\n of old</caption><tr><td>a<td>b<tr><td>c<td>d</table>", "Metals of old\na\tb\nc\td"),
        ("<table><tr><td>x<sup>2</sup></td><td><math><mi>y</mi></math></td></tr><tr><td><img class=math alt='a_1'></td>"
         "<td>z<sup><a href='#n'>1</a></sup></td></tr></table>", "x^{2}\t$y$\n$a_1$\tz"),
        ("<table><tr><td><code>a<b>b</b></code></td><td><p>one</p><p>two</p></td></tr><tr><td>1<td>2</table>", "ab\tone two\n1\t2"),
        ("<table><tr><td>1</td><td>void f() {</td></tr><tr><td>2</td><td>&nbsp;&nbsp;g();</td></tr><tr><td>3<td>}</table>",
         "void f() {\n  g();\n}"),
        ("<table><tr><td>1</td><td>Norway</td></tr><tr><td>2</td><td>Sweden</td></tr><tr><td>3</td><td>Finland</td></tr></table>",
         "1\tNorway\n2\tSweden\n3\tFinland"),
    ],
)  # fmt: skip
def test_tables(source, want):
    """A row is a line, cells stand apart by tabs, captions come first; listings in tables are code."""
    assert text(Region.TABLE, source) == want


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("<sup>23</sup>", "^{23}"),
        ("<sub> n+1 </sub>", "_{n+1}"),
        ("<sup>&minus;9</sup>", "^{−9}"),
        ("<sup>st</sup>", "st"),
        ("<SUP>TM</SUP>", "TM"),
        ("<sup>®</sup>", "®"),
        ("<sup><a href='#fn1'>1</a></sup>", ""),
        ("<sup class='reference'>4</sup>", ""),
        ("<sup><a href='/notes/4'>[4]</a></sup>", ""),
        ("<sup>[12]</sup>", ""),
        ("<sup><a role='doc-noteref' href='/n'>note</a></sup>", ""),
        ("<sup><a href='/ring'>the whole ring</a></sup>", "^{the whole ring}"),
        ("<sub><a href='#x'>1</a></sub>", "_{1}"),
        ("<sup>a<sub>i</sub></sup>", "^{a_{i}}"),
        ("<sup><math><mi>n</mi></math></sup>", "^{$n$}"),
        ("<sup> </sup>", ""),
        (f"<sup>{'small print ' * 10}</sup>", ("small print " * 10).strip()),
    ],
)  # fmt: skip
def test_scripts(source, want):
    """Exponents and indices are written, ordinals are text, marks of notes are nothing."""
    assert text(Region.SCRIPT, source) == want


@pytest.mark.parametrize(
    ("source", "place", "want"),
    [
        ('<img src="https://s0.wp.com/latex.php?latex=a%2Bb+c&#038;bg=fff" alt="">', Place(), "$a+b c$"),
        ('<img class="latex" src="x.png" alt="a+b">', Place(), "$a+b$"),
        (r'<img src="//latex.codecogs.com/svg.latex?\inline&space;\dpi{120}&space;\frac{dy}{dx}=2x">', Place(), r"$\frac{dy}{dx}=2x$"),
        ('<img src="/cgi-bin/mathtex.cgi?a%2Bb">', Place(), "$a+b$"),
        ('<img src="https://chart.googleapis.com/chart?cht=tx&amp;chl=x%5E2">', Place(), "$x^2$"),
        (r'<img class="ql-img-displayed-equation" alt="&#92;&#91;a&#95;1&#92;&#93;">', Place(), "$$a_1$$"),
        (r'<img class="ql-img-inline-formula" alt="a&#95;1">', Place(), "$a_1$"),
        (r'<img class=math alt="\binom{n}{k}">', Place(), r"$\binom{n}{k}$"),
        (r'<img src="_images/math/9f.png" alt="x">', Place(alone=True), "$$x$$"),
        (r'<img src="_images/math/9f.png" alt="x">', Place(holder='<div class="math notranslate">'), "$$x$$"),
        (r'<img alt="\sum_{k} k" src=a.png>', Place(), r"$\sum_{k} k$"),
        ("<img alt='a map of the old town' src=m.png>", Place(), "a map of the old town"),
        ("<img alt='a map of the old town' src=m.png>", Place(phrases=False), ""),
        ("<img alt='company logo of Acme'>", Place(), ""),
        ("<img alt='IMG_2031.JPG'>", Place(), ""),
        ("<img alt='two words'>", Place(), ""),
        ("<img alt='data:image/png;base64,AAAA BBBB CCCC DDDD'>", Place(), ""),
        ("<img alt=下山的路和湖面>", Place(), "下山的路和湖面"),
    ],
)  # fmt: skip
def test_images(source, place, want):
    """Pictures of formulas are formulas; alternative texts that are phrases are text; the rest is nothing."""
    assert text(Region.IMAGE, source, place) == want


@pytest.mark.parametrize(
    ("alt", "formula"),
    [
        ("farben_vorlage_minions", False), ("_images/sin_plot.png", False), ("/images/x/Meta_Platforms_Inc._logo.png", False),
        ("global_affiliates_map", False), (":point_up_2_:", False), ("https://x.org/a_b_c?x=1", False), ("/p.php?id=1&pp=2", False),
        ("C:\\Users\\me", False), ("{{ product.name }}", False), ("20_03_2019", False), ("====", False), ("A_Team_photo", False),
        ("x_1 = y", True), ("a_{ij}", True), ("E=mc^2", True), (r"\alpha", True), ("x_1 + y_2", True), ("x_ab_c", True),
    ],
)  # fmt: skip
def test_names_and_addresses_are_no_formulas(alt, formula):
    """File names, paths, addresses, emoji and words joined by low lines are not taken for formulas."""
    assert looks_like_latex(alt) is formula
    assert ("$" in text(Region.IMAGE, f'<img alt="{alt}" src=q.gif>')) is formula


@pytest.mark.parametrize(
    ("image", "stays"),
    [
        ('src="/a/old-town-map_300x200.jpg" alt="Old town map"', False),
        ('src="/a/Old%20Town%20Map.jpg?w=3" alt="old town map"', False),
        ('src="/a/old-town.jpg" alt="map of the old town"', True),
        ('src="x.jpg" alt="Unser neuer Headerbanner"', False),
        ('src="x.jpg" alt="das Vereinslogo in blau"', False),
        ('src="x.jpg" alt="wafers of pure silicon"', True),
        ('src="x.jpg" alt="un diálogo entre amigos"', True),
        ('src="x.jpg" alt="one-two-three-four"', False),
    ],
)
def test_alternative_texts_that_say_nothing(image, stays):
    """Words of the file's name, decoration in compounds and joined words are no text."""
    assert (text(Region.IMAGE, f"<img {image}>") != "") is stays


def test_readings_of_characters_are_nothing():
    """Ruby annotations are not printed."""
    assert read_region(Region.RUBY, "<rt>kan</rt>", Place()) == []


def test_attributes_and_tags():
    """Attributes are found whatever their quotes; the first of a name counts; tags with > in a value are one tag."""
    assert attributes("<img ALT='a > b' alt=c data-x=1 y src=\"q?a&amp;b\">") == {
        "alt": "a > b", "data-x": "1", "y": "", "src": "q?a&b",
    }  # fmt: skip
    assert strip_tags("a<b title='x>y'>c</b> &lt; d < e") == "ac < d < e"


@pytest.mark.parametrize("kind", list(Region))
@pytest.mark.parametrize(
    "part", ["<", "&", "<b '", "<sup>", "<span class=linenos>1</span>\n", "<td>", "<annotation encoding=tex>", '="']
)
def test_hostile_regions(kind, part):
    """No region takes long or raises, however broken it is."""
    start = time.process_time()
    for head in ("<pre>", "<sup>", "<table>", "<math>", "<img "):
        read_region(kind, head + part * (100_000 // len(part)), Place(before=part * 500))
    assert time.process_time() - start < 3
