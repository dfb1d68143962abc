"""Names of programming languages as pages write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.code_languages import in_classes, known, named, of_element


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("JS", "javascript"), ("py", "python"), ("Shell-Session", "bash"), ("c++", "cpp"), ("C#", "csharp"), ("rust", "rust"),
        ("text", None), ("NONE", None), ("plaintext", None), ("default", None), ("", None), ("42", None), ("a b", None),
        ("brainfuck", "brainfuck"), ("x" * 31, None),
    ],
)  # fmt: skip
def test_names(name, want):
    """Aliases are folded; words for no language are none; other names stay, lower case."""
    assert named(name) == want


@pytest.mark.parametrize(
    ("classes", "sure", "want"),
    [
        ("language-js", True, "javascript"),
        ("language-js", False, "javascript"),
        ("language-other", True, "other"),
        ("language-other", False, None),
        ("lang-en", True, None),
        ("no-language-js", True, None),
        ("language-none language-py", True, "python"),
        ("brush: php; title: x", True, "php"),
        ("hljs python", True, "python"),
        ("python", True, None),
        ("hljs python", False, None),
        ("highlight-source-c++", True, "cpp"),
        ("highlight-text-html-basic", True, "html"),
        ("src src-emacs-lisp", True, "lisp"),
        ("", True, None),
    ],
)
def test_classes(classes, sure, want):
    """Some words state any name, others only a known one; around a block only known ones count."""
    assert in_classes(classes, sure=sure) == want


def test_attributes_come_first():
    """An attribute made for it is believed before a class, if it names a language and not that of the reader."""
    assert of_element({"class": "language-js", "data-lang": "ts"}) == "typescript"
    assert of_element({"class": "language-js", "data-lang": "de"}) == "javascript"
    assert of_element({}) is None


@given(st.text(max_size=60))
def test_any_text(text):
    """What comes out is a name whose name it is itself; nothing raises."""
    for found in (named(text), known(text), in_classes(text), in_classes(f"language-{text} hljs {text}")):
        assert found is None or named(found) == found
