"""What workers load once per process and keep: models, lists and references, each checked by its digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path

from classifiers.registry import MODELS, path_of, sha256_of
from conf.schema import Extract, Recipe
from udfs import kl
from udfs.blocklist import DEFAULT_CATEGORIES, BlockList, seed_folder
from udfs.fasttext import FastText, ModelMissing, load
from udfs.html import HtmlSettings
from udfs.ngrams import NgramIndex
from udfs.page import PageSettings
from udfs.signals import References, dirty
from udfs.sketch import SketchSettings

LANGUAGE, UNIGRAMS, DIRTY = "lid.176", "unigrams", "dirty_words"
SCORERS = ("quality", "math", "code")
SHIPPED = "model:"


def shipped(*names: str) -> dict[str, str]:
    """Digests of shipped models, checked: a missing file ends the run before Spark starts."""
    for name in names:
        path_of(name)
    return {name: MODELS[name].sha256 for name in names}


def page_settings(recipe: Recipe) -> PageSettings:
    """Return what extraction decides by; the models are loaded once a process."""
    given = recipe.extract
    return PageSettings(
        frozenset(given.statuses),
        given.optouts == "drop",
        given.noindex == "drop",
        given.rel_canonical,
        HtmlSettings(
            **{field.name: getattr(given, field.name) for field in fields(HtmlSettings) if field.name != "max_page_bytes"}
        ),
        blocklist(given),
        fasttext(LANGUAGE),
    )


def sketch_settings(recipe: Recipe) -> SketchSettings:
    """Return what sketches are made by."""
    given = recipe.sketch
    return SketchSettings(given.ngram, given.bands, given.rows, given.seed, family=given.family)


def blocklist(given: Extract) -> BlockList:
    """Return the block lists of a recipe."""
    return _blocklist(given.blocklists, frozenset(given.categories) or DEFAULT_CATEGORIES)


@lru_cache(maxsize=4)
def _blocklist(paths: tuple[str, ...], categories: frozenset[str]) -> BlockList:
    folders = [seed_folder() if path == "conf:blocklists" else path for path in paths]
    return BlockList.load(folders, categories)


def fasttext(name: str) -> FastText:
    """Return a shipped fastText model."""
    return load(str(path_of(name)), MODELS[name].sha256)


@lru_cache(maxsize=1)
def references() -> References:
    """Return the unigram references and hashed dirty words that signals need."""
    return References(kl.load(path_of(UNIGRAMS)), dirty.load(path_of(DIRTY)))


def index_path(given: str) -> Path:
    """Path of a benchmark index: a file, or a shipped one by ``model:NAME``."""
    if given.startswith(SHIPPED):
        return path_of(given.removeprefix(SHIPPED))
    if not Path(given).is_file():
        raise ModelMissing(f"decontaminate.index: there is no file {given}; `python -m classifiers.references` makes one")
    return Path(given)


def index_digest(given: str) -> Mapping[str, str]:
    """Digest of a benchmark index."""
    return {"benchmarks": sha256_of(index_path(given))}


@lru_cache(maxsize=2)
def benchmark_index(given: str) -> NgramIndex:
    """Return a benchmark index."""
    return NgramIndex.load(index_path(given))
