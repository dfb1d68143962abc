"""Programming languages as pages name them: in classes, attributes and info strings of blocks of code."""

from __future__ import annotations

import re
from collections.abc import Mapping

ATTRIBUTES = ("class", "data-lang", "data-language", "data-enlighter-language", "data-tagsearch-lang", "language")
"""Attributes that state the language of a block of code."""

_SPELLINGS: Mapping[str, str] = {
    "bash": "sh shell console zsh shell-session shellsession terminal bash-session ksh command-line",
    "c": "h ansic",
    "clojure": "clj cljs",
    "cpp": "c++ cc cxx hpp cplusplus",
    "csharp": "c# cs dotnet",
    "css": "",
    "dart": "",
    "diff": "patch udiff",
    "docker": "dockerfile",
    "elixir": "ex exs iex",
    "erlang": "erl",
    "fortran": "f90 f95 fortran90",
    "fsharp": "f# fs",
    "go": "golang",
    "graphql": "gql",
    "groovy": "gradle",
    "haskell": "hs ghci",
    "html": "html5 html+erb html-basic xhtml htm html+jinja",
    "http": "https",
    "ini": "conf cfg properties",
    "java": "",
    "javascript": "js jsx mjs cjs node nodejs jscript ecmascript",
    "json": "json5 jsonc",
    "julia": "jl jlcon",
    "kotlin": "kt kts",
    "latex": "tex",
    "lisp": "common-lisp commonlisp elisp emacs-lisp",
    "lua": "",
    "makefile": "make mk gnumake",
    "markdown": "md gfm mkd",
    "matlab": "octave",
    "nginx": "nginxconf",
    "nix": "",
    "objectivec": "objc obj-c objective-c",
    "ocaml": "ml",
    "pascal": "delphi objectpascal",
    "perl": "pl",
    "php": "php3 php4 php5",
    "powershell": "ps ps1 posh pwsh",
    "protobuf": "proto",
    "python": "py python2 python3 py2 py3 pycon python-repl ipython ipython2 ipython3 pytb doctest",
    "r": "rlang splus rconsole rout",
    "ruby": "rb irb jruby",
    "rust": "rs",
    "scala": "",
    "scheme": "racket",
    "scss": "sass",
    "sql": "mysql postgresql postgres psql plsql pgsql plpgsql tsql t-sql sqlite sqlite3 mariadb",
    "swift": "",
    "toml": "",
    "typescript": "ts tsx",
    "vb": "vbnet vb.net visualbasic",
    "vim": "viml vimscript",
    "xml": "svg xslt rss atom",
    "yaml": "yml",
    "zig": "",
    **dict.fromkeys(("actionscript", "ada", "apache", "arduino", "asm", "assembly", "awk", "batch", "cmake", "cobol", "coffeescript",
                     "cuda", "crystal", "d", "elm", "gdscript", "glsl", "handlebars", "hcl", "jinja", "less", "llvm", "mathematica",
                     "mermaid", "nim", "nasm", "peg", "prolog", "qml", "rst", "sas", "sed", "smalltalk", "solidity", "stata", "svelte",
                     "systemverilog", "tcl", "terraform", "verilog", "vhdl", "vue", "wasm", "wolfram"), ""),
}  # fmt: skip
_FOLDED: Mapping[str, str] = {
    spelling: language for language, others in _SPELLINGS.items() for spelling in (language, *others.split())
}
_NOTHING = frozenset((
    "auto", "class", "code", "default", "ignore", "literal", "nohighlight", "no-highlight", "nocode", "none", "notranslate", "off",
    "output", "plain", "plaintext", "plain-text", "raw", "source", "text", "text-plain", "txt", "undefined", "unknown",
))  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9+#._-]{0,29}")
_SURE = re.compile(r"(?:^|\s)(?:language-|highlight-source-|src-|brush:\s?)([^\s;]{1,40})")
_LIKELY = re.compile(
    r"(?:^|\s)(?:lang-|lang:|language:|highlight-text-|highlight-|(?:mw-)?highlight-lang-|source-|type-|hl-|code-)([^\s;]{1,40})"
)
_HIGHLIGHTER = re.compile(
    r"(?:^|\s)(?:hljs|sourceCode|syntaxhighlighter|prettyprint|highlight|programlisting|code|literal-block|rust-example-rendered|src)(?:\s|$)"
)


def named(name: str) -> str | None:
    """Return a language by one of its names, lower case, aliases folded.

    Parameters
    ----------
    name : str
        A name as pages give it: ``JS``, ``c++``, ``shell-session``.

    Returns
    -------
    str or None
        None for what is no name, and for the words that say that there is none (``text``, ``none``, ``plaintext``).
    """
    folded = name.strip().lower()
    known = _FOLDED.get(folded)
    if known is not None or folded in _NOTHING or not _NAME.fullmatch(folded):
        return known
    return folded


def known(name: str) -> str | None:
    """Return a language by one of its names if this module knows it."""
    return _FOLDED.get(name.strip().lower())


def in_classes(classes: str, *, sure: bool = True) -> str | None:
    """Return the language that a ``class`` attribute states.

    ``language-x``, ``brush: x``, ``highlight-source-x`` and ``src-x`` say so of any name; ``lang-x``, ``highlight-x``, ``source-x``,
    ``type-x`` and ``hl-x``, and a word beside a highlighter's own (``hljs python``), only of one that is known.

    Parameters
    ----------
    classes : str
        Value of the attribute.
    sure : bool
        Whether the element is one of code; around it every name has to be a known one.
    """
    for match in _SURE.finditer(classes):
        if found := named(match[1]) if sure else known(match[1]):
            return found
    for match in _LIKELY.finditer(classes):
        if found := known(match[1]):
            return found
    if sure and _HIGHLIGHTER.search(classes):
        return next((found for word in classes.split() if (found := known(word))), None)
    return None


def of_element(attributes: Mapping[str, str], *, sure: bool = True) -> str | None:
    """Return the language that the attributes of an element (`ATTRIBUTES`) state; ``sure`` as for `in_classes`."""
    for name in ATTRIBUTES[1:]:
        if found := known(attributes.get(name, "")):
            return found
    classes = attributes.get("class", "")
    return in_classes(classes, sure=sure) if classes else None
