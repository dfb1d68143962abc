r"""Make a small WARC, with its truth, of the pages of unpacked documentation packages, for languages that the test crawl lacks.

    python -m benchmarks.add_language_pages OUT [--most N] [--english 0.4] --pages PATTERN URL LANGUAGES [--pages …]

PATTERN is where a package has its pages and URL where its home site has them, with ``{lang}`` and ``{page}`` (which may hold
slashes) in both; LANGUAGES are the names of the languages' folders, English among them, each with its code where it is
another: ``th,C=en``. OUT gets ``pages.warc.gz`` and ``truth.jsonl.gz``, in the form of the test crawl's, so that a recipe and
``benchmarks/languages.py`` read them. A page that is translated, which is where at most the share ``--english`` of its text is
in English, is taken with its English original; of more than N of a language and package those with the least hash of their name.

The packages, of Debian 12 (there is no ``libreoffice-help`` and no ``gimp-help`` in Thai or Arabic; Thai is well translated in
MATE's guide, which is DocBook, and Arabic in a part of Debian's handbook)::

    apt-get download mate-user-guide debian-handbook docbook-xsl-ns xsltproc
    for package in *.deb; do dpkg -x "$package" unpacked; done
    sheets=$PWD/unpacked/usr/share/xml/docbook/stylesheet/docbook-xsl-ns/html/chunk.xsl
    for language in th C; do
        mkdir -p mate/$language
        unpacked/usr/bin/xsltproc --nonet --novalid --xinclude --stringparam use.id.as.filename 1 \
            --stringparam chunker.output.encoding UTF-8 --stringparam chunk.section.depth 3 \
            --stringparam chunk.first.sections 1 --stringparam base.dir $PWD/mate/$language/ \
            $sheets unpacked/usr/share/help/$language/mate-user-guide/index.docbook
    done
    python -m benchmarks.add_language_pages added \
        --pages 'mate/{lang}/{page}.html' 'https://mate-desktop.org/docs/{lang}/{page}.html' th,C=en \
        --pages 'unpacked/usr/share/doc/debian-handbook/html/{lang}/{page}.html' \
            'https://debian-handbook.info/browse/{lang}/stable/{page}.html' ar-MA=ar,en-US=en
    woolmill run conf/llama3.yaml input.paths=added/pages.warc.gz output.path=runs output.run=added mix.shortfall=rescale
    python -m benchmarks.languages keep runs/added --truth added/truth.jsonl.gz

and to see what a language without a file in ``conf/languages`` is worth, with ``gimp-help-lt gimp-help-en``::

        --pages 'unpacked/usr/share/gimp/2.0/help/{lang}/{page}.html' 'https://docs.gimp.org/2.10/{lang}/{page}.html' lt,en
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from classifiers.registry import path_of
from udfs.fasttext import FastText, load
from udfs.html import PageRejected, plain_text
from udfs.language import identify

ENGLISH: Final = "en"
DATE: Final = "2026-03-01T00:00:00Z"
LINE_CHARS: Final = 50
"""A line counts towards the share of English above this length, as in the test crawl's truth."""
SHORT_CHARS: Final = 450
"""Below this a page is short but real, which the truth judges neither way."""


class PagesError(ValueError):
    """Pages can't be found: what was given, and what is wanted."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the pages of one package lie.

    Parameters
    ----------
    pattern, url : str
        Path and address with ``{lang}`` and ``{page}``.
    languages : mapping of str to str
        Folder of a language to its ISO 639-1 code.
    """

    pattern: str
    url: str
    languages: Mapping[str, str]

    @classmethod
    def of(cls, pattern: str, url: str, languages: str) -> Source:
        """Return a source from what is given on the command line.

        Raises
        ------
        PagesError
            When a placeholder or the English pages are missing.
        """
        if any("{lang}" not in text or "{page}" not in text for text in (pattern, url)):
            raise PagesError(f"{pattern} and {url} must both have {{lang}} and {{page}}")
        pairs = (one.partition("=") for one in languages.split(","))
        codes = {folder: code or folder for folder, _, code in pairs}
        if ENGLISH not in codes.values():
            raise PagesError(f"{languages}: name the folder of the English pages, too, such as C=en")
        return cls(pattern, url, codes)

    def folders(self, *, english: bool) -> list[str]:
        """Return the folders of English, or of the other languages."""
        return [folder for folder, code in self.languages.items() if (code == ENGLISH) == english]

    def parallel(self, page: str) -> str:
        """Return what the translations of a page have in common."""
        return self.url.replace("{lang}", "").replace("{page}", page)

    def pages(self, folder: str) -> list[tuple[str, Path]]:
        """Return name and file of a language's pages, by name.

        Raises
        ------
        PagesError
            When there is none.
        """
        before, _, after = self.pattern.replace("{lang}", folder).partition("{page}")
        root = Path(before.rpartition("/")[0] or ".")
        files = (str(file) for file in sorted(root.rglob("*")) if file.is_file())
        found = [file for file in files if file.startswith(before) and file.endswith(after)]
        if not found:
            raise PagesError(f"no file {before}*{after}; unpack the package, or mend the pattern")
        return [(file[len(before) : len(file) - len(after)], Path(file)) for file in found]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a package: bytes, address, language, what its translations share, and how much of it is in English."""

    body: bytes
    url: str
    language: str
    parallel: str
    english: float
    chars: int


def english_share(text: str, model: FastText) -> float:
    """Return the share (0-1) of a text's characters, in lines over 50 of them, that are in English lines; 1 for no such line."""
    lines = [line for line in text.split("\n") if len(line) > LINE_CHARS]
    total = sum(map(len, lines))
    return sum(len(line) for line in lines if identify(line, model=model).lang == ENGLISH) / total if total else 1.0


def collect(source: Source, most_english: float, most: int, model: FastText) -> list[Page]:
    """Return the translated pages of a package, and the English pages that they are made from.

    Parameters
    ----------
    source : Source
        Where they lie.
    most_english : float
        Share of English above which a page is not translated.
    most : int
        Pages of a language, at most.
    model : FastText
        Names the languages.

    Raises
    ------
    PagesError
        When a language has no page at all.
    """
    found: list[Page] = []
    for folder in source.folders(english=False):
        every = sorted(source.pages(folder), key=lambda one: hashlib.sha256(one[0].encode()).hexdigest())
        made = (_page(source, folder, name, file, model) for name, file in every)
        found += islice((page for page in made if page and page.english <= most_english), most)
    wanted = {page.parallel for page in found}
    for folder in source.folders(english=True):
        names = [(name, file) for name, file in source.pages(folder) if source.parallel(name) in wanted]
        found += [page for page in (_page(source, folder, name, file, model) for name, file in names) if page]
    return found


def _page(source: Source, folder: str, name: str, file: Path, model: FastText) -> Page | None:
    body = file.read_bytes()
    url = source.url.replace("{lang}", folder).replace("{page}", name)
    try:
        text = plain_text(body, url)
    except PageRejected:
        return None
    return Page(body, url, source.languages[folder], source.parallel(name), english_share(text, model), len(text))


def record_id(url: str) -> str:
    """Return the id of a page's record, the same every time."""
    return f"<{uuid.uuid5(uuid.NAMESPACE_URL, url).urn}>"


def member(page: Page) -> bytes:
    """Return a page as a WARC record in a gzip member of its own."""
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n" + page.body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: {record_id(page.url)}\r\nWARC-Date: {DATE}\r\n"
        f"WARC-Target-URI: {page.url}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + block + b"\r\n\r\n", 6, mtime=0)


def truth_row(page: Page) -> dict[str, Any]:
    """Return what is known of a page, in the names of the test crawl's truth."""
    real = page.chars >= SHORT_CHARS
    row: dict[str, Any] = {"record_id": record_id(page.url), "url": page.url, "kind": ["page"], "category": "manual"}
    row |= {"lang": page.language, "lang_declared": page.language, "parallel_id": page.parallel, "text_chars": page.chars}
    row |= {"expect_alone": "keep" if real else "either", "reason": "ok" if real else "short_but_real"}
    return row if page.language == ENGLISH else row | {"en_share": round(page.english, 3)}


def write(pages: Sequence[Page], out: Path) -> None:
    """Write WARC and truth, equal bytes for equal pages."""
    out.mkdir(parents=True, exist_ok=True)
    ordered = sorted(pages, key=lambda page: page.url)
    (out / "pages.warc.gz").write_bytes(b"".join(map(member, ordered)))
    lines = "".join(json.dumps(truth_row(page), ensure_ascii=False, sort_keys=True) + "\n" for page in ordered)
    (out / "truth.jsonl.gz").write_bytes(gzip.compress(lines.encode(), 9, mtime=0))


def main(argv: Sequence[str] | None = None) -> int:
    """Collect and write; the exit status is 2 where pages are not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pages", nargs=3, action="append", required=True, metavar=("PATTERN", "URL", "LANGUAGES"))
    parser.add_argument("--most", type=int, default=150, help="pages of a language and package")
    parser.add_argument("--english", type=float, default=0.4, help="share of English above which a page is not translated")
    given = parser.parse_args(argv)
    model = load(str(path_of("lid.176")))
    try:
        sources = [Source.of(*words) for words in given.pages]
        pages = [page for source in sources for page in collect(source, given.english, given.most, model)]
    except PagesError as error:
        print(error, file=sys.stderr)
        return 2
    write(pages, given.out)
    for code in sorted({page.language for page in pages}):
        of = [page for page in pages if page.language == code]
        print(f"{code}: {len(of)} pages, {sum(page.chars < SHORT_CHARS for page in of)} of them short")
    return 0


if __name__ == "__main__":
    sys.exit(main())
