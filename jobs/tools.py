"""What workers load once per process and keep: models, lists and references, each checked by its digest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path

from classifiers.registry import MODELS, path_of, sha256_of
from conf.decontamination import Decontaminate
from conf.schema import Extract, Recipe
from jobs.java import cache_folders
from jobs.predicates import reads_datatrove
from udfs import kl, languages
from udfs.blocklist import DEFAULT_CATEGORIES, BlockList, seed_folder
from udfs.decontamination import NgramIndex
from udfs.fasttext import FastText, ModelMissing, load
from udfs.html import HtmlSettings
from udfs.page import PageSettings
from udfs.segment import check, word_model
from udfs.signals import References, dirty
from udfs.sketch import SketchSettings

LANGUAGE, UNIGRAMS, DIRTY = "lid.176", "unigrams", "dirty_words"
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
    return BlockList.load(folders, categories, cache=_cache("blocklists"))


def _cache(name: str) -> Path | None:
    """Return the first folder for what is made once a machine that can be written, or None."""
    for folder in (found / name for found in cache_folders()):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def fasttext(name: str) -> FastText:
    """Return a shipped fastText model."""
    return load(str(path_of(name)), MODELS[name].sha256)


def references(recipe: Recipe) -> References:
    """Return what the signals of a recipe are measured against."""
    path = _reference_path(recipe.clean.references)
    return _references(str(path), recipe.filter.languages_from, frozenset(recipe.clean.segment), reads_datatrove(recipe.filter))


@lru_cache(maxsize=2)
def _references(path: str, languages_from: str | None, segmented: frozenset[str], with_datatrove: bool) -> References:
    return References(kl.load(Path(path)), dirty.load(path_of(DIRTY)), languages_from, segmented, with_datatrove)


def reference_digest(recipe: Recipe) -> dict[str, str]:
    """Digest of what the KL rules compare with."""
    return {"references": sha256_of(_reference_path(recipe.clean.references))}


def _reference_path(given: str) -> Path:
    if given.startswith(SHIPPED):
        return path_of(given.removeprefix(SHIPPED))
    if not Path(given).is_file():
        raise ModelMissing(f"clean.references: there is no file {given}; `woolmill references` makes one")
    return Path(given)


def language_digests(recipe: Recipe) -> dict[str, str]:
    """Return what the words and stop words of a recipe's languages depend on; a missing segmenter ends the run here."""
    check(recipe.clean.segment)
    folder = recipe.filter.languages_from
    models = {f"words.{code}": word_model(code, recipe.clean.segment) for code in recipe.clean.segment}
    models |= {"variant": "datatrove"} if reads_datatrove(recipe.filter) else {}
    return models | {"stop_words": repr([languages.load(code, folder).stop_words for code in languages.available(folder)])}


def index_path(given: str) -> Path:
    """Path of a benchmark index: a file, or a shipped one by ``model:NAME``."""
    if given.startswith(SHIPPED):
        return path_of(given.removeprefix(SHIPPED))
    if not Path(given).is_file():
        raise ModelMissing(f"decontaminate.index: there is no file {given}; `woolmill benchmarks build` makes one")
    return Path(given)


def index_digest(given: Decontaminate) -> Mapping[str, str]:
    """Digest of a benchmark index; settings of a benchmark that it does not hold end the run here."""
    known = benchmark_index(given.index).sizes
    if unknown := sorted(set(given.suites) - set(known)):
        has = f"{index_path(given.index).name}, which has {', '.join(known)}"
        raise ModelMissing(f"decontaminate.benchmarks names {unknown[0]!r}; that is not in {has}")
    return {"benchmarks": sha256_of(index_path(given.index))}


@lru_cache(maxsize=2)
def benchmark_index(given: str) -> NgramIndex:
    """Return a benchmark index, loaded once a process."""
    try:
        return NgramIndex.load(index_path(given))
    except ValueError as error:
        raise ModelMissing(f"decontaminate.index: {error}") from error
