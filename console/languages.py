"""Commands of languages: what is set for each, and fitting what is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from console.endings import NOT_FOUND, WRONG_CALL, AsJson, RunFolder, one_line, said

languages = typer.Typer(help="What is set per language: stop words and limits, where they come from.", no_args_is_help=True)
Folder = Annotated[
    Path | None, typer.Option("--from", metavar="DIR", help="folder of language files that win over the shipped ones")
]

_HEADS = ("rule", "English limit", "drops of English", "limit", "English drops", "drops", "documents", "")
_SHARES = ("of_english", "before", "after")
_NOTE = re.compile(r"^ *([\w.]+): *[^#]*?(?:# *(.*))?$")


@languages.command(name="list", epilog="Example: woolmill languages list --from fitted")
def list_(folder: Folder = None, as_json: AsJson = False) -> None:
    """List the languages that have a file, with what it sets and which words they have."""
    with _mistakes():
        from console import show
        from udfs import languages as settings

        rows = [_row(code, _text(folder)) for code in settings.available(_text(folder))]
        show.as_json(rows) if as_json else show.records(rows)


@languages.command(name="show", epilog="Example: woolmill languages show ja")
def show_(
    code: Annotated[str, typer.Argument(metavar="LANGUAGE", help="ISO 639-1 code")],
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show all that is set for a language, beside the English limits, and where it comes from."""
    with _mistakes():
        from console import show
        from udfs import languages as settings

        found = described(code, _text(folder))
        if found is None:
            known = ", ".join(settings.available(_text(folder)))
            raise said(f"nothing is set for {code!r}: no stop words, the English limits; set up are {known}", NOT_FOUND)
        if as_json:
            show.as_json(found)
            return
        show.pairs({name: found[name] for name in ("language", "file", "about", "words")})
        print(f"\nstop words: {' '.join(found['stop_words']) or 'none'}\n")
        if found["limits"]:
            show.records(found["limits"])


@languages.command(
    epilog="Example: woolmill languages fit runs/crawl-1 --out fitted --language tr    then    "
    "woolmill run conf/llama3.yaml filter.languages_from=fitted …"
)
def fit(
    run: RunFolder,
    out: Annotated[Path, typer.Option(metavar="DIR", help="folder for a file a language")],
    language: Annotated[
        list[str] | None, typer.Option(metavar="XX", help="fit this one; may be repeated; by default all")
    ] = None,
    trusted: Annotated[
        float, typer.Option(min=0.0, max=1.0, metavar="SCORE", help="least confidence of the language of a trusted document")
    ] = 0.65,
    least: Annotated[int, typer.Option(min=20, help="trusted documents that a language must have")] = 100,
    replace: Annotated[bool, typer.Option("--replace", help="replace values that are set by hand, too")] = False,
    as_json: AsJson = False,
) -> None:
    """Fit stop words and limits on what a run has stored: what a rule drops of English, it shall drop of the language."""
    with _mistakes():
        from console import show
        from jobs import fit_languages as job
        from jobs.store import Run

        try:
            found = job.fit_run(Run.open(run), job.Wanted(tuple(language or ()), trusted, least, replace))
        except job.FitError as error:
            raise said(str(error), NOT_FOUND) from error
        written = [str(job.write(one, out)) for one in found]
        summaries = [summary(one) | {"file": file} for one, file in zip(found, written, strict=True)]
        if as_json:
            show.as_json(summaries)
            return
        for one in summaries:
            words = f" ({one['words']})" if one["words"] else ""
            print(f"{one['file']}: {one['documents']:,} documents{words}; stop words: {' '.join(one['stop_words']) or 'none'}")
            limits = [[f"{v:.1%}" if k in _SHARES else v for k, v in row.items()] for row in one["limits"]]
            show.table(limits, _HEADS, right=_HEADS[1:-1])
            print()
        if not found:
            print(f"no language but English has {least} trusted documents; nothing was written")


def described(code: str, folder: str | None) -> dict[str, Any] | None:
    """Return all that is set for a language, as plain data; None where nothing is."""
    from udfs import languages as settings
    from udfs.rules import RULE_SETS

    source = settings.source(code, folder)
    if source is None:
        return None
    path, text = source
    language = settings.load(code, folder)
    english = {rule.name: rule.limit for rule in RULE_SETS["multilingual"].rules}
    notes = {m[1]: m[2] or "" for m in map(_NOTE.match, text.splitlines()) if m}
    return {
        "language": code,
        "file": path,
        "about": " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#")) or "set by hand",
        "words": words_of(code),
        "stop_words": language.stop_words,
        "limits": [
            {"rule": rule, "limit": limit, "english": english.get(rule), "note": notes.get(rule, "")}
            for rule, limit in language.thresholds.items()
        ],
    }


def words_of(code: str) -> str:
    """Return what a word of a language can be: runs between blanks, code points, or what its segmenter finds."""
    from udfs import languages as settings
    from udfs.segment import SEGMENTERS, SegmenterError, word_model

    if settings.canonical(code) not in SEGMENTERS:
        return "runs of letters, marks and digits"
    try:
        return f"codepoint; with clean.segment={code}: {word_model(code, (code,))}"
    except SegmenterError:
        return f"codepoint; with woolmill[{settings.canonical(code)}] installed also those of a segmenter"


def summary(found: Any) -> dict[str, Any]:
    """Return what was fitted as plain data: shares are of trusted documents."""
    return {
        "language": found.code,
        "documents": found.documents,
        "english_documents": found.english_documents,
        "words": found.words,
        "stop_words": list(found.stop_words),
        "limits": [
            {
                "rule": f.rule.name,
                "english": f.rule.limit,
                "of_english": round(f.english, 4),
                "limit": f.limit,
                "before": round(f.before, 4),
                "after": round(f.after, 4),
                "documents": f.documents,
                "note": "set by hand" if f.rule.name in found.by_hand else "fitted" if f.moved else "",
            }
            for f in found.limits
        ],
    }


def _row(code: str, folder: str | None) -> dict[str, Any]:
    from udfs import languages as settings

    language, source = settings.load(code, folder), settings.source(code, folder)
    return {
        "language": code,
        "stop_words": len(language.stop_words),
        "limits": len(language.thresholds),
        "words": words_of(code),
        "file": source[0] if source else "",
    }


def _text(folder: Path | None) -> str | None:
    return None if folder is None else str(folder)


@contextmanager
def _mistakes() -> Iterator[None]:
    from udfs.languages import LanguageFileError

    with one_line():
        try:
            yield
        except LanguageFileError as error:
            raise said(str(error), WRONG_CALL) from error
