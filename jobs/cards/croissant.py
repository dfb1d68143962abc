"""A data card as Croissant 1.0 (MLCommons): JSON-LD that says which files there are and which records they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from jobs.cards.sections import Manifest, description_of, languages_of, title_of
from jobs.tables import TABLES

RECORDS, SHARDS = "documents", "shards"

_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {
    pa.string(): "sc:Text",
    pa.binary(): "sc:Text",
    pa.int64(): "sc:Integer",
    pa.int32(): "sc:Integer",
    pa.int8(): "sc:Integer",
}
_FORMATS = {".parquet": "application/x-parquet", ".jsonl.zst": "application/zstd", ".json": "application/json"}


def croissant(manifest: Manifest) -> dict[str, Any]:
    """Return the Croissant description of a mixture; the files are named relative to the folder that it lies in."""
    card = manifest["card"]
    optional = {
        "creator": {"@type": "sc:Organization", "name": card["creator"]} if card["creator"] else None,
        "url": card["url"],
        "datePublished": card["published"],
        "rai:dataCollection": _collection(manifest),
        "rai:personalSensitiveInformation": manifest["policy"]["personal_data"],
    }
    return {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": title_of(manifest),
        "description": description_of(manifest),
        "license": card["licence_url"] or card["licence"],
        "identifier": manifest["recipe"]["digest"],
        "inLanguage": languages_of(manifest),
        "distribution": _distribution(manifest),
        "recordSet": _record_sets(manifest),
    } | {name: value for name, value in optional.items() if value}


def _collection(manifest: Manifest) -> str:
    sources = manifest["sources"]
    crawls = ", ".join(sources["crawls"]) or "crawls"
    files = f"{len(sources['files'])} input files ({sources['format']})"
    return f"Web pages of {crawls}, {files}, by the stages {', '.join(manifest['stages'])}."


def _distribution(manifest: Manifest) -> list[dict[str, Any]]:
    """One object for every file, which has a digest, and for records the set of all shards, which lie beside the card."""
    tokens = (one for shard in manifest["shards"] for one in shard.get("files", ()))
    files = [_file(f) for f in (*manifest["shards"], *tokens, *manifest["files"])]
    if not _readable(manifest):
        return files
    everything = {
        "@type": "cr:FileSet",
        "@id": SHARDS,
        "name": SHARDS,
        "encodingFormat": "application/x-parquet",
        "includes": "*.parquet",
    }
    return [*files, everything]


def _file(entry: Mapping[str, Any]) -> dict[str, Any]:
    kind = next((kind for suffix, kind in _FORMATS.items() if entry["file"].endswith(suffix)), "application/octet-stream")
    return {
        "@type": "cr:FileObject",
        "@id": entry["file"],
        "name": entry["file"],
        "contentUrl": entry["file"],
        "contentSize": f"{entry['bytes']} B",
        "encodingFormat": kind,
        "sha256": entry["sha256"],
    }


def _readable(manifest: Manifest) -> bool:
    """Whether shards, or the tables of documents beside them, are Parquet, which readers of Croissant know."""
    return bool(manifest["shards"]) and all(s["file"].endswith(".parquet") for s in manifest["shards"])


def _record_sets(manifest: Manifest) -> list[dict[str, Any]]:
    if not _readable(manifest):
        return []
    with_text = manifest["shards"][0]["format"] == "parquet"
    columns = [c for c in TABLES["shards"].columns if with_text or c.name != "text"]
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{RECORDS}/{column.name}",
            "name": f"{RECORDS}/{column.name}",
            "description": column.meaning,
            "dataType": _TYPES[column.type],
            "source": {"fileSet": {"@id": SHARDS}, "extract": {"column": column.name}},
        }
        for column in columns
    ]
    what = {"@type": "cr:RecordSet", "@id": RECORDS, "name": RECORDS, "description": TABLES["shards"].meaning}
    return [what | {"field": fields}]
