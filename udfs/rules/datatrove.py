"""The rules of the papers as datatrove 0.10.1 decides them, on its own values (`udfs.datatrove`).

A rule's name ends in the reason that datatrove gives, and the rules of a set stand in the order in which its filter asks, so
that the first that fires is the filter's answer. Where datatrove divides by nothing the value is NaN and no rule fires; its
filters stop at an earlier rule there. Our reading of the same rules is in `udfs.rules.gopher`, `c4` and `fineweb`.
"""

from __future__ import annotations

from udfs.datatrove.rows import C4, C4_NO_PUNCT, FINEWEB, QUALITY, REPETITION
from udfs.rules.evaluate import Op, Rule


def _rule(recipe: str, reason: str, condition: tuple[str, Op, float], source: str) -> Rule:
    return Rule(f"datatrove.{recipe}.{reason}", *condition, source)


GOPHER_REPETITION = (
    Rule(
        "datatrove.gopher_repetition.empty",
        "dt_dup_line_char_frac",
        "<",
        0,
        f"{REPETITION}: a text without a character; one of blanks passes",
        on_nan=True,
    ),
    *(
        _rule("gopher_repetition", reason, (f"dt_{reason}", ">", limit), REPETITION)
        for reason, limit in (
            ("dup_para_frac", 0.30),
            ("dup_para_char_frac", 0.20),
            ("dup_line_frac", 0.30),
            ("dup_line_char_frac", 0.20),
        )
    ),
    *(
        _rule(
            "gopher_repetition", f"top_{n}_gram", (f"dt_top_{n}_gram", ">", limit), f"{REPETITION}: n-grams that come once count"
        )
        for n, limit in ((2, 0.20), (3, 0.18), (4, 0.16))
    ),
    *(
        _rule(
            "gopher_repetition",
            f"duplicated_{n}_n_grams",
            (f"dt_dup_{n}_grams", ">", limit),
            f"{REPETITION}: later copies only, not coverage",
        )
        for n, limit in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
    ),
)

GOPHER_QUALITY = (
    _rule("gopher_quality", "gopher_short_doc", ("dt_non_symbol_words", "<", 50), QUALITY),
    _rule("gopher_quality", "gopher_long_doc", ("dt_non_symbol_words", ">", 100_000), QUALITY),
    _rule("gopher_quality", "gopher_below_avg_threshold", ("dt_mean_word_length", "<", 3), QUALITY),
    _rule("gopher_quality", "gopher_above_avg_threshold", ("dt_mean_word_length", ">", 10), QUALITY),
    _rule("gopher_quality", "gopher_too_many_hashes", ("dt_hash_per_word", ">", 0.1), QUALITY),
    _rule("gopher_quality", "gopher_too_many_ellipsis", ("dt_ellipsis_per_word", ">", 0.1), QUALITY),
    _rule("gopher_quality", "gopher_too_many_bullets", ("dt_bullet_lines", ">", 0.9), QUALITY),
    _rule("gopher_quality", "gopher_too_many_end_ellipsis", ("dt_ellipsis_lines", ">", 0.3), QUALITY),
    _rule(
        "gopher_quality",
        "gopher_below_alpha_threshold",
        ("dt_alpha_words", "<", 0.8),
        f"{QUALITY}: punctuation tokens count as words without a letter",
    ),
    _rule(
        "gopher_quality",
        "gopher_enough_stop_words",
        ("dt_stop_words", "<", 2),
        f"{QUALITY}: different ones, lower case, English in every language",
    ),
)


def _c4(recipe: str, source: str) -> tuple[Rule, ...]:
    return (
        _rule(recipe, "lorem_ipsum", (f"dt_{recipe}_lorem_ipsum", ">", 0), f"{source}: in a line not dropped before"),
        _rule(recipe, "curly_bracket", (f"dt_{recipe}_curly_bracket", ">", 0), f"{source}: in a line not dropped before"),
        _rule(recipe, "too_few_sentences", (f"dt_{recipe}_sentences", "<", 5), f"{source}: of the lines left; TFDS and DCLM: 3"),
    )


C4_QUALITY = _c4("c4", C4)
C4_QUALITY_NO_PUNCT = _c4("c4_no_punct", C4_NO_PUNCT)

FINEWEB_QUALITY = (
    Rule("datatrove.fineweb.empty", "dt_fw_line_punct", "<", 0, f"{FINEWEB}: a text whose lines are all blank", on_nan=True),
    _rule("fineweb", "line_punct_ratio", ("dt_fw_line_punct", "<", 0.12), FINEWEB),
    _rule("fineweb", "short_line_ratio", ("dt_fw_short_lines", ">", 0.67), FINEWEB),
    _rule("fineweb", "char_dup_ratio", ("dt_fw_char_dup", ">", 0.01), f"{FINEWEB}: 0.1 in the paper and in FineWeb-2"),
    _rule("fineweb", "list_ratio", ("dt_fw_newlines_per_word", ">", 0.3), FINEWEB),
)
