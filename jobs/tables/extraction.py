"""Tables of ``extract``: records, the text of their pages, and the keys that deduplication moves."""

from __future__ import annotations

import pyarrow as pa

from jobs.tables.columns import DATE, ID, LANG, SPAN, SPLIT, TEXT, URL, Column, Table

TABLES = (
    Table(
        "records",
        "extract",
        "one row per response, revisit or conversion record, and per damaged stretch, whatever became of it",
        (
            ID,
            SPLIT,
            Column("record_id", pa.string(), "WARC-Record-ID with its angle brackets; null where it could not be read"),
            Column("kind", pa.string(), "response | revisit | conversion | text | damage"),
            Column("file", pa.string(), "path below the input root"),
            Column("offset", pa.int64(), "where the record (its gzip member) begins", "bytes"),
            Column("length", pa.int64(), "length of the record in the file", "bytes"),
            URL,
            DATE,
            Column("status", pa.int32(), "HTTP status; null where there is none"),
        ),
    ),
    Table(
        "documents",
        "extract",
        "the text of every page that extraction kept (text, first writing)",
        (
            ID,
            SPLIT,
            URL,
            DATE,
            Column("title", pa.string(), "title of the page, never part of the text"),
            TEXT,
            SPAN,
            LANG,
            Column("lang_score", pa.float64(), "confidence of the language", "0-1"),
            Column("lang_other", pa.string(), "language of the lines that are in another one; null where none was found"),
            Column("lang_other_share", pa.float64(), "share of the letters in such lines; from 0.1 on the page is mixed", "0-1"),
            Column("charset", pa.string(), "character set the page was decoded with; utf-8, twice: it had been encoded twice"),
            Column(
                "page_kind", pa.string(), "article | documentation | service | forum | collection | listing | product | other"
            ),
            Column("text_source", pa.string(), "elements, or the data that held the text: linked_data | state | noscript | …"),
            Column("confidence", pa.float64(), "F1 that the choice of text is expected to have; null: nothing was chosen", "0-1"),
            Column("licence", pa.string(), "licence the page states; null for none"),
            Column("licence_strength", pa.string(), "rel | jsonld | link"),
            Column("noindex", pa.bool_(), "the page asks search engines not to index it"),
            Column("truncated", pa.bool_(), "the capture was cut"),
            Column("link_chars", pa.int64(), "characters of the text that stand in links", "code points"),
        ),
    ),
    Table(
        "url_keys",
        "extract",
        "the URL key of every usable capture, opted-out ones too",
        (
            ID,
            SPLIT,
            Column("url_key", pa.int64(), "xxh3_64 of the canonical URL"),
            DATE,
            Column("document", pa.bool_(), "false: an opted-out capture, which competes by date but has no document"),
        ),
    ),
    Table(
        "sketches",
        "extract",
        "what document deduplication compares",
        (
            ID,
            SPLIT,
            DATE,
            LANG,
            Column("damaged", pa.bool_(), "the capture was cut, or its characters had to be repaired"),
            Column("n_chars", pa.int64(), "length of the text", "code points"),
            Column("exact", pa.binary(), "two 64-bit hashes of all tokens"),
            Column("n_shingles", pa.int64(), "distinct shingles; 0: never a duplicate"),
            Column("bands", pa.list_(pa.int64()), "64-bit key of each MinHash band"),
            Column("signature", pa.binary(), "eight bits of each MinHash"),
        ),
    ),
    Table(
        "line_hashes",
        "extract",
        "hashes of a document's lines outside code, mathematics and tables",
        (ID, SPLIT, LANG, Column("hashes", pa.binary(), "hash of each normalised line (udfs.lines), little-endian")),
    ),
)
