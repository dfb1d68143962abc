"""StarCoder's rules on files of source text (Li et al. 2023, section 3.1), held against the code of pages that are mostly code.

Lines that no person writes, few letters, generated files; and StarCoder2's rule on encoded data (Lozhkov et al. 2024). A file there
is all the code spans of a page here. Pages with less code than prose are left alone: their blocks are examples, and what a program
prints.
"""

from __future__ import annotations

from udfs.rules.evaluate import Guard, Rule
from udfs.structure.rows import STARCODER, STARCODER2

_LITTLE_CODE = Guard("code_char_share", "<", 0.5)

MAX_LINE = Rule("starcoder.max_line.high", "code_max_line_chars", ">", 1000, STARCODER, unless=(_LITTLE_CODE,))
MEAN_LINE = Rule("starcoder.mean_line.high", "code_mean_line_chars", ">", 100, STARCODER, unless=(_LITTLE_CODE,))
ALPHA = Rule("starcoder.alpha.low", "code_alpha_share", "<", 0.25, STARCODER, unless=(_LITTLE_CODE,))
DATA = Rule("starcoder.data.high", "code_data_share", ">", 0.5, STARCODER2, unless=(_LITTLE_CODE,))
GENERATED = Rule("starcoder.generated", "code_generated", ">", 0, STARCODER, unless=(_LITTLE_CODE,))

RULES = (MAX_LINE, MEAN_LINE, ALPHA, DATA, GENERATED)
