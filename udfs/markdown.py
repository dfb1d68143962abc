"""Markdown markers off a text.

A marker goes only as part of a whole construct, and only where the text shows that it holds raw markdown: a marker
left is cheaper than an identifier broken. The Llama 3 authors report markdown as harmful for a model trained mainly
on web text and remove all markers (section 3.1.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from udfs.code_languages import named
from udfs.formulas import HIDDEN, hide, outside, ranges_of, written_math
from udfs.spans import Edit, Part, Span, apply_edits, moved

MAX_PASSES = 10
MAX_OPEN = 40
"""Emphasis runs that may be open at once."""

_TARGET = r"<?[^\s()<>]{0,2000}(?:\([^\s()<>]{0,500}\)[^\s()<>]{0,500}){0,5}>?"
_TITLE = r"(?:\s+(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))?"
_IMAGE = re.compile(rf"!\[([^\[\]\n]{{0,500}})\]\(\s?{_TARGET}{_TITLE}\s?\)")
_LINK = re.compile(rf"(?<![\w!\])\\])\[([^\[\]\n]{{0,500}})\]\(\s?({_TARGET}){_TITLE}\s?\)")
_ADDRESS = re.compile(r"<?(?:https?://|mailto:|/|\.{1,2}/|#|[\w.-]{1,200}(?:/|\.[a-z]{2,5}(?:[?#]|$)))", re.IGNORECASE)
_REFERENCE = re.compile(r"(?<![\w!\])\\])\[([^\[\]\n]{1,500})\]\[([^\[\]\n]{0,80})\]")
_DEFINITION = re.compile(
    r"^ {0,3}\[([^\[\]\n^]{1,80})\]:[ \t]+<?(?:https?://|/|\.{1,2}/|#)\S*[^\n]{0,300}(?:\n|\Z)", re.MULTILINE
)
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]{1,2000})>")
_HEADING = re.compile(r"^( {0,3}#{1,6}[ \t]+)(?=\S)([^\n]*?)([ \t]+#{1,10})?[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^`\n]*)$")
_INFO = re.compile(r"[\s,{}:]")
_TICKS = re.compile(r"(?<![`\\])(`{1,2})(?!`)([^`\n]{1,500})(?<!`)\1(?!`)")
_RULER = re.compile(r"^ {0,3}(?:(?:- ?){3,}|(?:\* ?){3,}|(?:_ ?){3,})$")
_UNDERLINE = re.compile(r"^(?:=+|-+)[ \t]*$")
_DELIMITER = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*){1,200}\|?[ \t]*$")
_QUOTE = re.compile(r"^ {0,3}>(?!>)(?: |$)")
_BULLET = re.compile(r"^([ \t]*)([-*+])[ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)")
_RUN = re.compile(r"(?<!\\)(\*{1,3}|_{1,3}|~~)")
_ESCAPE = re.compile(r"\\(?=[*_`#~>+\-.!|])")
_BOLD = re.compile(r"(?<![\w*\\])\*\*(?=[^\s*])[^*\n]{1,300}(?<=\S)\*\*(?![\w*])")
_EVIDENCE: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (("#",), re.compile(r"^ {0,3}#{2,6}[ \t]+\S|^# \S[^\n]*\n\n", re.MULTILINE)),
    (("](",), re.compile(rf"(?<![\w\])\\])\[[^\[\]\n]{{1,500}}\]\((?:https?://|/|\.\.?/|#){_TARGET}{_TITLE}\)")),
    (("```", "~~~"), re.compile(r"^ {0,3}(?:```|~~~)[^`\n]*\n", re.MULTILINE)),
    (("**",), _BOLD),
    (("|",), re.compile(_DELIMITER.pattern, re.MULTILINE)),
)
"""Each construct with the signs of which it has one."""
_SIGNS = (("]", "]("), ("*", "**"), ("`", "```"), ("~", "~~~"), ("#", "# "), ("|", "--"))
"""Pairs of which every text in markdown has both; the first is rare and found faster than two characters."""


@dataclass(slots=True)
class _Draft:
    """Edits and new spans of one pass, and the text with everything hidden that is out of reach."""

    masked: str
    edits: list[Edit] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def cut(self, start: int, end: int, replacement: str = "") -> None:
        if end > start:
            self.edits.append(Edit(start, end, replacement))

    def hide(self, ranges: Iterable[tuple[int, int]]) -> None:
        self.masked = hide(self.masked, ranges)


def strip_markdown(text: str, spans: Sequence[Span], *, certain: bool = False) -> tuple[str, tuple[Span, ...]]:
    """Take markdown markers off the prose of a text.

    Evidence is counted first: headings, links, fences, bold words, table delimiters. With two different constructs
    everything goes that is a whole construct; with one only what is unmistakable (links and pictures with an address,
    headings before a blank line); with none nothing. Text inside spans, formulas, words and addresses is never touched.

    Parameters
    ----------
    text : str
        The text.
    spans : sequence of Span
        Code, mathematics and tables in it, sorted.
    certain : bool
        The text is known to be markdown (by its address, say), whatever it shows.

    Returns
    -------
    tuple of (str, tuple of Span)
        The text without markers and its spans, with those added that markdown itself marked: fenced and inline
        code, tables. Text without a backslash is a fixed point of a second call.
    """
    text, current, _ = strip_with_parts(text, spans, (), certain=certain)
    return text, current


def strip_with_parts(
    text: str, spans: Sequence[Span], parts: Sequence[Part], *, certain: bool = False
) -> tuple[str, tuple[Span, ...], tuple[Part, ...]]:
    """Do what `strip_markdown` does, and move the parts of the text (its lists, say) along."""
    current, following = tuple(spans), tuple(parts)
    if not certain and not any(rare in text and sign in text for rare, sign in _SIGNS):
        return text, current, following
    full = False
    for _ in range(MAX_PASSES):
        draft = _Draft(hide(text, ranges_of((*current, *written_math(text, current)))))
        level = 2 if certain else evidence(draft.masked)
        if not level:
            break
        full = full or level >= 2
        for step in _FULL if level >= 2 else _CAREFUL:
            step(draft)
        edits = _without_overlap(draft.edits)
        if not edits:
            break
        joined = tuple(sorted((*current, *outside(draft.spans, current))))
        text, current = apply_edits(text, joined, edits)
        following = moved(following, edits)
    if full:
        masked = hide(text, ranges_of((*current, *written_math(text, current))))
        escapes = [Edit(m.start(), m.end()) for m in _ESCAPE.finditer(masked)]
        text, current = apply_edits(text, current, escapes)
        following = moved(following, escapes)
    return text, current, following


def evidence(text: str) -> int:
    """Count the different constructs of markdown in a text: headings, links, fences, bold words, delimiters of tables (0-5)."""
    return sum(1 for signs, pattern in _EVIDENCE if any(sign in text for sign in signs) and pattern.search(text))


def _without_overlap(edits: list[Edit]) -> list[Edit]:
    kept: list[Edit] = []
    for edit in sorted(edits):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def _lines(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for line in text.split("\n"):
        yield at, line
        at += len(line) + 1


def _fences(draft: _Draft) -> None:
    opening: tuple[int, int, str, str] | None = None
    hidden = []
    for at, line in _lines(draft.masked):
        match = _FENCE.match(line)
        if match is None:
            continue
        if opening is None:
            opening = (at, at + len(line) + 1, match[1], match[2])
        elif match[1].startswith(opening[2]) and not match[2].strip():
            start, content, _, info = opening
            draft.cut(start, content)
            draft.cut(at, min(at + len(line) + 1, len(draft.masked)))
            if content < at - 1:
                draft.spans.append(Span(content, at - 1, "code", named(_INFO.split(info.strip(" {.}"))[0])))
            hidden.append((start, at + len(line)))
            opening = None
    draft.hide(hidden)


def _inline_code(draft: _Draft) -> None:
    hidden = []
    for match in _TICKS.finditer(draft.masked):
        start, end = match.span(2)
        draft.cut(match.start(), start)
        draft.cut(end, match.end())
        if HIDDEN not in match[2]:
            draft.spans.append(Span(start, end, "code"))
        hidden.append(match.span())
    draft.hide(hidden)


def _headings(draft: _Draft) -> None:
    for match in _HEADING.finditer(draft.masked):
        draft.cut(*match.span(1))
        if match[3]:
            draft.cut(*match.span(3))


def _sure_headings(draft: _Draft) -> None:
    for match in _HEADING.finditer(draft.masked):
        if draft.masked.startswith("\n\n", match.end()):
            draft.cut(*match.span(1))


def _rules(draft: _Draft) -> None:
    """Thematic breaks between blank lines, and the underlines of headings."""
    lines = list(_lines(draft.masked))
    for i, (at, line) in enumerate(lines):
        above = lines[i - 1][1].strip() if i else ""
        below = lines[i + 1][1].strip() if i + 1 < len(lines) else ""
        if _RULER.match(line) and not above and not below:
            draft.cut(at, at + len(line))
        elif above and len(line) > 2 and _UNDERLINE.match(line) and abs(len(line.rstrip()) - len(above)) <= 3:
            draft.cut(at - 1, at + len(line))


def _tables(draft: _Draft) -> None:
    lines = list(_lines(draft.masked))
    hidden = []
    after = 0
    for i, (at, line) in enumerate(lines):
        if i <= after or "|" not in line or not _DELIMITER.match(line) or "|" not in lines[i - 1][1]:
            continue
        last = i
        while last + 1 < len(lines) and "|" in lines[last + 1][1]:
            last += 1
        draft.cut(at, min(at + len(line) + 1, len(draft.masked)))
        for row in (i - 1, *range(i + 1, last + 1)):
            _row(draft, *lines[row])
        start, end = lines[i - 1][0], lines[last][0] + len(lines[last][1])
        draft.spans.append(Span(start, end, "table"))
        hidden.append((start, end))
        after = last
    draft.hide(hidden)


def _row(draft: _Draft, at: int, line: str) -> None:
    body = line.strip(" \t")
    start = line.find(body)
    for match in re.finditer(r"[ \t]{0,50}(?<!\\)\|[ \t]{0,50}", line):
        edge = match.start() <= start or match.end() >= start + len(body)
        draft.cut(at + match.start(), at + match.end(), "" if edge else "\t")


def _quotes(draft: _Draft) -> None:
    lines = list(_lines(draft.masked))
    for i, (at, line) in enumerate(lines):
        match = _QUOTE.match(line)
        if match is None:
            continue
        beside = any(0 <= j < len(lines) and lines[j][1].lstrip().startswith(">") for j in (i - 1, i + 1))
        if beside or not line[match.end() : match.end() + 1].isdigit():
            draft.cut(at, at + match.end())


def _bullets(draft: _Draft) -> None:
    """Bullets of lists of two items or more; a sign before a digit stays."""
    items = [(at, m) for at, line in _lines(draft.masked) if (m := _BULLET.match(line))]
    kinds = [(m[1], m[2]) for _, m in items]
    for i, (at, match) in enumerate(items):
        number = match.string[match.end() : match.end() + 1].isdigit() and match[2] != "*"
        if not number and (kinds[i] in kinds[max(0, i - 3) : i] or kinds[i] in kinds[i + 1 : i + 4]):
            draft.cut(at, at + match.end())


def _definitions(draft: _Draft) -> None:
    names = set()
    hidden = []
    for match in _DEFINITION.finditer(draft.masked):
        names.add(match[1].lower())
        draft.cut(*match.span())
        hidden.append(match.span())
    draft.hide(hidden)
    for match in _REFERENCE.finditer(draft.masked) if names else ():
        if (match[2] or match[1]).lower() in names:
            draft.cut(match.start(), match.start() + 1)
            draft.cut(match.end(1), match.end())


def _links(draft: _Draft) -> None:
    _pictures_and_links(draft, _ADDRESS)


def _sure_links(draft: _Draft) -> None:
    _pictures_and_links(draft, re.compile("https?://"))


def _pictures_and_links(draft: _Draft, address: re.Pattern[str]) -> None:
    hidden = []
    for match in _IMAGE.finditer(draft.masked):
        if len(match[1].split()) >= 3:
            draft.cut(match.start(), match.start(1))
            draft.cut(match.end(1), match.end())
            hidden += [(match.start(), match.start(1)), (match.end(1), match.end())]
        else:
            draft.cut(*match.span())
            hidden.append(match.span())
    draft.hide(hidden)
    hidden = []
    for match in _LINK.finditer(draft.masked):
        if address.match(match[2]):
            draft.cut(match.start(), match.start(1))
            draft.cut(match.end(1), match.end())
            hidden += [(match.start(), match.start(1)), (match.end(1), match.end())]
    draft.hide(hidden)


def _autolinks(draft: _Draft) -> None:
    for match in _AUTOLINK.finditer(draft.masked):
        draft.cut(match.start(), match.start() + 1)
        draft.cut(match.end() - 1, match.end())


def _emphasis(draft: _Draft) -> None:
    """Pair runs of ``*``, ``_`` and ``~~`` by CommonMark's flanking rules, made stricter: never inside a word."""
    masked = draft.masked
    open_runs: list[re.Match[str]] = []
    block_end = -1
    for run in _RUN.finditer(masked):
        if run.start() > block_end:
            open_runs.clear()
            block_end = masked.find("\n\n", run.start())
            block_end = len(masked) if block_end < 0 else block_end
        before, after = masked[run.start() - 1 : run.start()], masked[run.end() : run.end() + 1]
        if before == run[0][0] or after == run[0][0]:
            continue
        if before.strip() and not _inside_word(after):
            partner = next((i for i in range(len(open_runs) - 1, -1, -1) if open_runs[i][0] == run[0]), None)
            if partner is not None:
                opener = open_runs[partner]
                del open_runs[partner:]
                if _is_emphasis(masked[opener.end() : run.start()], run[0]):
                    draft.cut(*opener.span())
                    draft.cut(*run.span())
                continue
        if after.strip() and not _inside_word(before) and len(open_runs) < MAX_OPEN:
            open_runs.append(run)


def _inside_word(character: str) -> bool:
    """Whether a neighbour makes a run part of a word; scripts without blanks between words do not count."""
    return (character.isalnum() and character < "\u2e80") or character == "_"


def _is_emphasis(inside: str, run: str) -> bool:
    identifier = run.startswith("__") and re.fullmatch(r"\w+", inside) is not None
    return not identifier and len(inside) <= 2_000 and any(c.isalnum() or c == HIDDEN for c in inside)


_Step = Callable[[_Draft], None]
_FULL: tuple[_Step, ...] = (
    _fences, _inline_code, _definitions, _tables, _rules, _headings, _quotes, _bullets, _links, _autolinks, _emphasis,
)  # fmt: skip
_CAREFUL: tuple[_Step, ...] = (_sure_links, _sure_headings)
