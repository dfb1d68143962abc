"""FineWeb's rules on lines (Penedo et al. 2024), with the limits of the released code."""

from __future__ import annotations

from udfs.rules.evaluate import Rule
from udfs.rules.gopher import EMPTY
from udfs.signals import FINEWEB

TERMINAL = Rule("fineweb.terminal_lines.low", "terminal_line_share", "<", 0.12, FINEWEB)
SHORT = Rule("fineweb.short_lines.high", "short_line_share", ">", 0.67, FINEWEB)
DUP_CHARS = Rule(
    "fineweb.dup_line_chars.high", "dup_line_char_share", ">", 0.01, f"{FINEWEB}: 0.01 in its code, 0.1 in its paper"
)
NEWLINES = Rule("fineweb.newlines.high", "newline_word_ratio", ">", 0.3, FINEWEB)

RULES = (EMPTY, TERMINAL, SHORT, DUP_CHARS, NEWLINES)
