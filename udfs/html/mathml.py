"""Presentation MathML to LaTeX, for formulas of which a page holds no LaTeX."""

from __future__ import annotations

import re
import unicodedata

from resiliparse.parse.html import ElementNode

from udfs.html.dom import children

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
    "Λ": r"\Lambda",
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
_STYLES = (("DOUBLE-STRUCK", "mathbb"), ("FRAKTUR", "mathfrak"), ("BLACK-LETTER", "mathfrak"), ("SCRIPT", "mathcal"))
_VARIANTS = {"double-struck": "mathbb", "fraktur": "mathfrak", "script": "mathcal", "bold": "mathbf"}
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
            return r"\quad " if re.match(r"\s*[1-9]", node.getattr("width") or "") else ""
        if name in ("mi", "mn", "mo", "mtext", "ms"):
            return _leaf(name, node)
        below = children(node)
        parts = [self.convert(child, depth + 1) for child in below]
        if name == "mtable":
            return _table(parts, "aligned" if node.getattr("displaystyle") == "true" else "matrix")
        if name == "mrow" and len(parts) > 1:
            parts = _fenced(below, parts)
        if name == "mtr":
            return " & ".join(parts)
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
            return f"{_base(p[0])}_{{{p[1]}}}^{{{p[2]}}}"
        case "munder", 2:
            return rf"\underbrace{{{p[0]}}}" if p[1] == "⏟" else f"{_base(p[0])}_{{{p[1]}}}"
        case "mover", 2:
            accent = _ACCENTS.get(p[1].strip()) or ("vec" if p[1].strip() == r"\rightarrow" else None)
            return rf"\{accent}{{{p[0]}}}" if accent else f"{_base(p[0])}^{{{p[1]}}}"
    return _join(p)


def _leaf(name: str, node: ElementNode) -> str:
    raw = _INVISIBLE.sub("", node.text or "")
    if name in ("mtext", "ms"):
        return rf"\text{{{raw}}}" if raw.strip() else raw and " "
    raw = raw.strip()
    if name == "mi" and len(raw) > 1 and raw.isascii() and raw.isalpha():
        return rf"\{raw}" if raw in _FUNCTIONS else rf"\operatorname{{{raw}}}"
    latex = _join([_symbol(character) for character in raw])
    style = _VARIANTS.get((node.getattr("mathvariant") or "").removesuffix("-italic"))
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
        return rf"\mathbf{{{plain}}}" if " BOLD " in name and folded.isalpha() else plain
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
