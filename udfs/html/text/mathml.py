"""Presentation MathML to LaTeX, for formulas of which a page holds no LaTeX."""

from __future__ import annotations

import re
import unicodedata

from resiliparse.parse.html import ElementNode

from udfs.html.text.dom import children

MAX_DEPTH = 60
MAX_NODES = 4_000

_OPERATORS = {
    "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∮": r"\oint", "∬": r"\iint", "∞": r"\infty", "∂": r"\partial",
    "∇": r"\nabla", "√": r"\sqrt{}", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "≡": r"\equiv",
    "∼": r"\sim", "≃": r"\simeq", "≅": r"\cong", "∝": r"\propto", "∈": r"\in", "∉": r"\notin", "∋": r"\ni",
    "⊂": r"\subset", "⊆": r"\subseteq", "⊃": r"\supset", "⊇": r"\supseteq", "∪": r"\cup", "∩": r"\cap",
    "∅": r"\emptyset", "∀": r"\forall", "∃": r"\exists", "¬": r"\neg", "∧": r"\wedge", "∨": r"\vee", "⊕": r"\oplus",
    "⊗": r"\otimes", "×": r"\times", "÷": r"\div", "⋅": r"\cdot", "·": r"\cdot", "∘": r"\circ", "±": r"\pm",
    "∓": r"\mp", "→": r"\rightarrow", "←": r"\leftarrow", "↔": r"\leftrightarrow", "⇒": r"\Rightarrow",
    "⟹": r"\implies", "⇔": r"\Leftrightarrow", "⟺": r"\iff", "↦": r"\mapsto", "…": r"\ldots", "⋯": r"\cdots",
    "⋮": r"\vdots", "⋱": r"\ddots", "⟨": r"\langle", "⟩": r"\rangle", "⌊": r"\lfloor", "⌋": r"\rfloor",
    "⌈": r"\lceil", "⌉": r"\rceil", "‖": r"\|", "∥": r"\|", "∣": r"\mid", "−": "-", "∗": "*", "′": "'", "″": "''",
    "ℓ": r"\ell", "ℏ": r"\hbar", "ℜ": r"\Re", "ℑ": r"\Im", "ℵ": r"\aleph", "{": r"\{", "}": r"\}", "%": r"\%",
    "#": r"\#", "&": r"\&", "$": r"\$", "_": r"\_", "≪": r"\ll", "≫": r"\gg", "⊥": r"\perp", "∠": r"\angle",
    "†": r"\dagger", "⟶": r"\longrightarrow", "∖": r"\setminus", "ϕ": r"\phi", "φ": r"\varphi", "ϵ": r"\epsilon",
    "ε": r"\varepsilon", "ϑ": r"\vartheta", "ϱ": r"\varrho", "ς": r"\varsigma", "ϖ": r"\varpi", "λ": r"\lambda",
    "Λ": r"\Lambda", "ı": r"\imath", "ȷ": r"\jmath", "\\": r"\backslash", "^": r"\wedge", "~": r"\sim", "⊙": r"\odot",
    "⊖": r"\ominus", "⊠": r"\boxtimes", "≜": r"\triangleq", "⊢": r"\vdash", "⊣": r"\dashv", "⊨": r"\models", "⊤": r"\top",
    "⊊": r"\subsetneq", "⊋": r"\supsetneq", "⊄": r"\not\subset", "⊈": r"\nsubseteq", "≢": r"\not\equiv", "≺": r"\prec",
    "≻": r"\succ", "≼": r"\preceq", "≽": r"\succeq", "⪯": r"\preceq", "⪰": r"\succeq", "≲": r"\lesssim",
    "≳": r"\gtrsim", "⩽": r"\leqslant", "⩾": r"\geqslant", "≦": r"\leqq", "≧": r"\geqq", "≍": r"\asymp", "≐": r"\doteq",
    "∤": r"\nmid", "∦": r"\nparallel", "∄": r"\nexists", "∴": r"\therefore", "∵": r"\because", "⋀": r"\bigwedge",
    "⋁": r"\bigvee", "⋂": r"\bigcap", "⋃": r"\bigcup", "⨁": r"\bigoplus", "⨂": r"\bigotimes", "⨆": r"\bigsqcup",
    "∐": r"\coprod", "⊔": r"\sqcup", "⊓": r"\sqcap", "⊑": r"\sqsubseteq", "∭": r"\iiint", "◦": r"\circ",
    "•": r"\bullet", "∙": r"\bullet", "⋆": r"\star", "△": r"\triangle", "□": r"\square", "◻": r"\square",
    "■": r"\blacksquare", "◊": r"\lozenge", "⋄": r"\diamond", "↑": r"\uparrow", "↓": r"\downarrow", "⇑": r"\Uparrow",
    "⇓": r"\Downarrow", "⇐": r"\Leftarrow", "↗": r"\nearrow", "↘": r"\searrow", "↪": r"\hookrightarrow",
    "↠": r"\twoheadrightarrow", "⇌": r"\rightleftharpoons", "⟵": r"\longleftarrow", "⟷": r"\longleftrightarrow",
    "⟸": r"\Longleftarrow", "⋊": r"\rtimes", "⋉": r"\ltimes", "℘": r"\wp", "⟦": r"\llbracket", "⟧": r"\rrbracket",
    "‡": r"\ddagger", "⁡": "", "‵": r"\backprime", "‴": "'''",
}  # fmt: skip
_FUNCTIONS = frozenset({
    "arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "deg", "det", "dim", "exp", "gcd", "hom",
    "inf", "ker", "lg", "lim", "liminf", "limsup", "ln", "log", "max", "min", "Pr", "sec", "sin", "sinh", "sup", "tan",
    "tanh",
})  # fmt: skip
_ACCENTS = {
    "¯": "bar", "‾": "overline", "―": "overline", "^": "hat", "ˆ": "hat", "~": "tilde", "˜": "tilde", "→": "vec",
    "⃗": "vec", "˙": "dot", "¨": "ddot", "ˇ": "check", "˘": "breve", "⏞": "overbrace",
}  # fmt: skip
_STYLES = (
    ("DOUBLE-STRUCK", "mathbb"), ("FRAKTUR", "mathfrak"), ("BLACK-LETTER", "mathfrak"), ("SCRIPT", "mathcal"),
    ("MONOSPACE", "mathtt"), ("SANS-SERIF", "mathsf"),
)  # fmt: skip
_VARIANTS = {
    "double-struck": "mathbb", "fraktur": "mathfrak", "script": "mathcal", "bold": "mathbf", "bold-italic": "boldsymbol",
    "monospace": "mathtt", "sans-serif": "mathsf", "bold-fraktur": "mathfrak", "bold-script": "mathcal",
}  # fmt: skip
_BRACKETS = {
    ("(", ")"): "pmatrix", ("[", "]"): "bmatrix", (r"\{", r"\}"): "Bmatrix", ("|", "|"): "vmatrix",
    (r"\mid", r"\mid"): "vmatrix", (r"\|", r"\|"): "Vmatrix",
}  # fmt: skip
_WIDE = {"hat": "widehat", "tilde": "widetilde", "bar": "overline", "vec": "overrightarrow"}
_UNDER = {"⏟": "underbrace", "_": "underline", r"\_": "underline", "¯": "underline", "‾": "underline", "―": "underline"}
_LIMITS = re.compile(
    r"\\(?:sum|prod|coprod|o?int|ii+nt|lim|liminf|limsup|max|min|sup|inf|det|gcd|Pr|arg|dim|ker|hom|deg|"
    r"big(?:cup|cap|vee|wedge|oplus|otimes|sqcup)|underbrace|overbrace)(?![a-zA-Z])"
)
_SINGLE = re.compile(r".|\\[a-zA-Z]+|\\[a-zA-Z]+\{\\?[a-zA-Z]+\}", re.DOTALL)
_TEXT_SIGNS = str.maketrans({sign: "\\" + sign for sign in "#$%&_{}"})
_INVISIBLE = re.compile("[\u2061-\u2064\u200b]")
_COMMAND_END = re.compile(r"\\[a-zA-Z]+$")


class TooDeep(ValueError):
    """A formula beyond the limits; it is left as the page shows it."""


def to_latex(math: ElementNode) -> str | None:
    """Convert a ``math`` element.

    Parameters
    ----------
    math : ElementNode
        The element; prefixes of names (``m:mi``) are ignored.

    Returns
    -------
    str or None
        LaTeX without delimiters; None where the formula is empty or beyond ``MAX_DEPTH`` and ``MAX_NODES``.
    """
    try:
        latex = _join([_Converter().convert(child, 0) for child in children(math)])
    except TooDeep:
        return None
    return latex.strip() or None


class _Converter:
    """One conversion; counts the nodes that it has seen."""

    def __init__(self) -> None:
        self.nodes = 0

    def convert(self, node: ElementNode, depth: int) -> str:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise TooDeep
        name = (node.tag or "").lower().rpartition(":")[2]
        if name in ("annotation", "annotation-xml", "none", "mprescripts", "mphantom"):
            return ""
        if name == "mspace":
            return _blank(node)
        if name in ("mi", "mn", "mo", "mtext", "ms"):
            return _leaf(name, node)
        below = children(node)
        parts = [self.convert(child, depth + 1) for child in below]
        if name == "mtable":
            return _table(parts, "aligned" if node.getattr("displaystyle") == "true" else "matrix")
        if name == "mrow" and len(parts) > 1:
            parts = _fenced(below, parts)
        if name in ("mtr", "mlabeledtr"):
            return " & ".join(parts[name == "mlabeledtr" :])
        if name == "mmultiscripts" and parts:
            return _multiscripts(below, parts)
        if name == "menclose" and "box" in (node.getattr("notation") or ""):
            return rf"\boxed{{{_join(parts)}}}"
        if name == "mfenced":
            opening, closing = node.getattr("open") or "(", node.getattr("close") or ")"
            return _symbol(opening) + ",".join(parts) + _symbol(closing)
        return _layout(name, parts, node.getattr("linethickness") or "")


def _layout(name: str, p: list[str], thickness: str) -> str:
    """Schemata with a fixed number of arguments; whatever is malformed is only joined."""
    match name, len(p):
        case "mfrac", 2:
            return rf"\{'binom' if re.match(r'0(?![.1-9])', thickness) else 'frac'}{{{p[0]}}}{{{p[1]}}}"
        case "msqrt", n if n:
            return rf"\sqrt{{{_join(p)}}}"
        case "mroot", 2:
            return rf"\sqrt[{p[1]}]{{{p[0]}}}"
        case "msup", 2:
            return _base(p[0]) + (p[1] if p[1].strip("'") == "" and p[1] else f"^{{{p[1]}}}")
        case "msub", 2:
            return f"{_base(p[0])}_{{{p[1]}}}"
        case (("msubsup" | "munderover"), 3):
            primes = p[2] and not p[2].strip("'")
            return f"{_base(p[0])}_{{{p[1]}}}" + (p[2] if primes else f"^{{{p[2]}}}")
        case "munder", 2:
            return _under(p[0], p[1].strip())
        case "mover", 2:
            return _over(p[0], p[1].strip())
    return _join(p)


def _under(base: str, below: str) -> str:
    if below in _UNDER:
        return rf"\{_UNDER[below]}{{{base}}}"
    if base.startswith(r"\operatorname{"):
        return rf"\operatorname*{base.removeprefix(chr(92) + 'operatorname')}_{{{below}}}"
    return f"{_base(base)}_{{{below}}}" if _LIMITS.match(base) or not base else rf"\underset{{{below}}}{{{base}}}"


def _over(base: str, above: str) -> str:
    accent = _ACCENTS.get(above) or {r"\rightarrow": "vec", r"\wedge": "hat", r"\sim": "tilde"}.get(above)
    if accent:
        return rf"\{accent if _SINGLE.fullmatch(base) else _WIDE.get(accent, accent)}{{{base}}}"
    return f"{_base(base)}^{{{above}}}" if _LIMITS.match(base) or not base else rf"\overset{{{above}}}{{{base}}}"


def _multiscripts(nodes: list[ElementNode], parts: list[str]) -> str:
    """Write scripts behind a base, and those before it behind an empty one."""
    names = [(node.tag or "").lower().rpartition(":")[2] for node in nodes]
    split = names.index("mprescripts") if "mprescripts" in names else len(parts)
    behind, before = _scripts(parts[1:split]), _scripts(parts[split + 1 :])
    return ("{}" + before if before else "") + _base(parts[0]) + behind


def _scripts(parts: list[str]) -> str:
    lower, upper = "".join(parts[::2]), "".join(parts[1::2])
    return (f"_{{{lower}}}" if lower else "") + (f"^{{{upper}}}" if upper else "")


def _blank(node: ElementNode) -> str:
    """Write an explicit space by its width in em."""
    if node.getattr("linebreak") == "newline":
        return r" \\ "
    width = re.match(r"\s*(\d{0,4}(?:\.\d{1,9})?)\s*em", node.getattr("width") or "")
    size = float(width[1]) if width and width[1] not in ("", ".") else 0.0
    return "" if not size else r"\," if size < 0.2 else r"\;" if size < 0.9 else r"\quad "


def _leaf(name: str, node: ElementNode) -> str:
    raw = _INVISIBLE.sub("", node.text or "")
    if name in ("mtext", "ms"):
        return rf"\text{{{raw.translate(_TEXT_SIGNS)}}}" if raw.strip() else raw and " "
    raw = raw.strip()
    style = _VARIANTS.get(node.getattr("mathvariant") or "")
    if style is None and len(raw) > 1 and raw.isascii() and raw.isalpha() and (name == "mi" or raw in _FUNCTIONS):
        return rf"\{raw}" if raw in _FUNCTIONS else rf"\operatorname{{{raw}}}"
    latex = _join([_symbol(character) for character in raw])
    if style == "mathbf" and not raw.isascii():
        style = "boldsymbol"
    return rf"\{style}{{{latex}}}" if style and any(c.isalnum() for c in raw) else latex


def _symbol(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    if character in _OPERATORS:
        return _OPERATORS[character]
    name = unicodedata.name(character, "")
    folded = unicodedata.normalize("NFKC", character)
    if len(folded) == 1 and folded != character:
        for word, command in _STYLES:
            if word in name:
                return rf"\{command}{{{folded}}}"
        plain = _symbol(folded)
        bold = "boldsymbol" if " ITALIC " in name or not folded.isascii() else "mathbf"
        return rf"\{bold}{{{plain}}}" if " BOLD " in name and folded.isalpha() else plain
    if name.startswith("GREEK ") and " LETTER " in name and "WITH" not in name:
        command = name.rpartition(" ")[2].lower().replace("lamda", "lambda")
        return "\\" + (command.capitalize() if " CAPITAL " in name else command)
    return character


def _fenced(nodes: list[ElementNode], parts: list[str]) -> list[str]:
    """Make a row's outer brackets grow where the page's do; a table behind a lone brace is a distinction of cases."""
    opens, closes = _grows(nodes[0], "OPEN"), _grows(nodes[-1], "CLOSE")
    lone = len(nodes) == 2 or (len(nodes) == 3 and closes and not parts[2])
    if opens and lone and parts[0] == r"\{" and parts[1].startswith(r"\begin{matrix}"):
        return [parts[1].replace("matrix}", "cases}", 1).removesuffix("matrix}") + "cases}"]
    around = _BRACKETS.get((parts[0], parts[-1]))
    if len(nodes) == 3 and around and parts[1].startswith(r"\begin{matrix}") and parts[1].count(r"\begin{matrix}") == 1:
        return [parts[1].replace("{matrix}", f"{{{around}}}")]
    if opens and closes:
        return [rf"\left{parts[0] or '.'}", *parts[1:-1], rf"\right{parts[-1] or '.'}"]
    return parts


def _grows(node: ElementNode, side: str) -> bool:
    if (node.tag or "").lower().rpartition(":")[2] != "mo":
        return False
    stretches = node.getattr("fence") == "true" and node.getattr("stretchy") == "true"
    return stretches or (node.getattr("data-mjx-texclass") == side and node.getattr("stretchy") != "false")


def _table(rows: list[str], environment: str) -> str:
    return rf"\begin{{{environment}}} " + r" \\ ".join(rows) + rf" \end{{{environment}}}"


def _base(latex: str) -> str:
    """Brace a base of several atoms that already bears a script."""
    scripted = re.search(r"[\^_](?!\{\}$)", latex) is not None and not latex.startswith("{")
    return f"{{{latex}}}" if scripted or not latex else latex


def _join(parts: list[str]) -> str:
    joined: list[str] = []
    for part in parts:
        if joined and part[:1].isalpha() and _COMMAND_END.search(joined[-1]):
            joined.append(" ")
        if part:
            joined.append(part)
    return "".join(joined)
