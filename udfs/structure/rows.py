"""The signals of a text's structure: name, unit, meaning and source of each."""

from __future__ import annotations

from typing import Final

STARCODER: Final = "StarCoder, Li et al. 2023"
STARCODER2: Final = "StarCoder2, Lozhkov et al. 2024"
_OWN: Final = "Woolmill"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("formulas", "formulas", "math spans", _OWN),
    ("formulas_per_1000", "ratio", "math spans in 1000 words outside code", _OWN),
    ("latex_per_1000", "ratio", "LaTeX commands in 1000 visible characters outside code", _OWN),
    ("math_symbol_share", "share", "signs of mathematics outside ASCII among the visible characters outside code", _OWN),
    ("operator_share", "share", "'=', '+', '*' and '^' among the visible characters outside code", _OWN),
    ("math_words_per_1000", "ratio", "words of mathematics in 1000 words outside code and formulas", _OWN),
    ("deduction_per_1000", "ratio", "words of deduction in 1000 words outside code and formulas", _OWN),
    ("program_words_per_1000", "ratio", "words of programming in 1000 words outside formulas, code included", _OWN),
    ("identifier_share", "share", "words that read as identifiers among those outside formulas, code included", _OWN),
    ("table_cells", "cells", "cells of tables", _OWN),
    ("code_blocks", "blocks", "code spans", _OWN),
    ("code_languages", "languages", "different programming languages that the page states for its code", _OWN),
    ("code_math_words_per_1000", "ratio", "words of mathematics in 1000 words of code; 0 without code", _OWN),
    ("code_mean_line_chars", "characters", "mean length of the lines of code; 0 without code", STARCODER),
    ("code_max_line_chars", "characters", "longest line of code; 0 without code", STARCODER),
    ("code_alpha_share", "share", "letters among the visible characters of code; 0 without code", STARCODER),
    ("code_data_share", "share", "characters of code in runs of Base64 or of bytes in hexadecimal; 0 without code", STARCODER2),
    ("code_generated", "occurrences", "a block of code says in its first lines that it was generated", STARCODER),
)

NAMES: Final = tuple(row[0] for row in ROWS)
