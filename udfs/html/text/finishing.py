"""Last steps from pieces of a page to its text: pieces joined, written mathematics marked, markdown markers taken off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from udfs.formulas import written_math
from udfs.html.text.marks import Piece
from udfs.markdown import evidence, strip_with_parts
from udfs.spans import Edit, Part, PartKind, Span, apply_edits, moved

RAW_SHARE = 0.8
"""Share of a text in one ``pre`` above which that block may be a document in markdown and not code."""

_CONTROLS = {code: None for code in range(32) if code not in (9, 10)}
_REPLACED = {0xA0: " ", 0x0B: "\n", 0x0C: "\n", 0x0D: "\n", 0x85: " ", 0x2028: "\n", 0x2029: "\n", 0x09: "\n"}
_DELETED = dict.fromkeys([*range(0x7F, 0xA0), 0xAD, 0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_PROSE = {**_CONTROLS, **_DELETED, **_REPLACED}
_VERBATIM = re.compile(f"[{''.join(map(chr, (*_CONTROLS, *_DELETED)))}]")
_BLANKS = re.compile(r"[ \u3000]*\n[ \n\u3000]*|  +")


def folded(text: str) -> str:
    """Return prose with its white space folded and without control and invisible characters."""
    # Exponents and alternative texts have nothing to fold; only the ordinary blank is white space that is printable.
    if "  " not in text and text.isprintable():
        return text
    return _BLANKS.sub(_one_blank, text.translate(_PROSE))


def _one_blank(run: re.Match[str]) -> str:
    """Fold a run of white space: a blank, a line end, or an empty line where there was one."""
    ends = run[0].count("\n")
    return " " if not ends else "\n" if ends == 1 else "\n\n"


def markdown_apart(pieces: list[Piece]) -> list[Piece]:
    """Treat a ``pre`` that is nearly the whole text and looks like markdown as a document and not as code."""
    total = sum(len(piece.text) for piece in pieces)
    return [
        Piece(piece.text, None, True)
        if piece.kind == "code" and len(piece.text) > RAW_SHARE * total and _is_markdown(piece)
        else piece
        for piece in pieces
    ]


def _is_markdown(piece: Piece) -> bool:
    """Whether a block of code is a document: of no other language, with two constructs, since comments look like headings."""
    return piece.language in (None, "markdown") and evidence(piece.text) >= 2


def assemble(pieces: list[Piece]) -> tuple[str, tuple[Span, ...], tuple[Part, ...]]:
    """Join the pieces of a text: prose is normalised, verbatim blocks are not, those with a kind become spans."""
    clean = [piece if piece.verbatim else Piece(folded(piece.text), piece.kind) for piece in pieces]
    if clean and not clean[0].verbatim:
        clean[0] = Piece(clean[0].text.lstrip("\n"))
    return join(clean)


def join(pieces: list[Piece]) -> tuple[str, tuple[Span, ...], tuple[Part, ...]]:
    """Join pieces whose prose is normalised already; those with a kind become spans, lists and the like parts."""
    out: list[str] = []
    spans: list[Span] = []
    parts: list[tuple[int, int, PartKind]] = []
    bounds: list[int] = []
    at = 0
    for piece in pieces:
        text = _VERBATIM.sub("", piece.text) if piece.verbatim else piece.text
        if piece.kind and text:
            spans.append(Span(at, at + len(text), piece.kind, piece.language))
        if piece.part:
            parts.append((at, at + len(text), piece.part))
        if piece.bounds:
            bounds += [at + min(bound, len(text)) for bound in piece.bounds]
        out.append(text)
        at += len(text)
    joined = "".join(out).rstrip()
    if spans and spans[-1].end > len(joined):
        spans = list(moved(spans, [Edit(len(joined), at)]))
    parts += [(start, end, "list") for start, end in zip(bounds[::2], (*bounds[1::2], at), strict=False)]
    return joined, tuple(spans), tuple(_trimmed(joined, parts))


def _trimmed(text: str, parts: list[tuple[int, int, PartKind]]) -> Iterator[Part]:
    """Parts of a text by place, without the white space at their ends; those with nothing else are none."""
    for start, end, kind in sorted(parts):
        end = min(end, len(text))
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        if start < end:
            yield Part(start, end, kind)


def finish(
    text: str, spans: tuple[Span, ...], parts: Sequence[Part], url: str | None
) -> tuple[str, tuple[Span, ...], tuple[Part, ...]]:
    """Mark the mathematics that is written out in the prose, then take the markdown markers off."""
    spans = tuple(sorted((*spans, *written_math(text, spans))))
    path = (url or "").partition("?")[0].lower()
    text, spans, moving = strip_with_parts(text, spans, parts, certain=path.endswith((".md", ".markdown")))
    end = len(text.rstrip())
    start = min(len(text) - len(text.lstrip("\n")), end)
    if start == 0 and end == len(text):
        return text, spans, moving
    edges = [Edit(0, start), Edit(end, len(text))]
    return *apply_edits(text, spans, edges), moved(moving, edges)
