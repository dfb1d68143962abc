"""The taxonomy of knowledge classes: what a page can be about, read from ``conf/taxonomy.yaml``."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FILE = "taxonomy.yaml"
OTHER = "other"
"""The class of pages that are about nothing; every taxonomy has it."""

Line = Annotated[str, Field(min_length=1, max_length=600, pattern=r"^\S[^\n]*$")]


class TaxonomyError(ValueError):
    """A taxonomy that can't be used: names the file, what was seen and what is allowed."""


class KnowledgeClass(BaseModel):
    """One class, described such that a person or a model can label by it.

    Parameters
    ----------
    id : str
        Name in tables and settings: lower case letters and underscores.
    title, definition : str
        For people; one line each.
    includes, excludes : str
        What belongs and what does not, with the class that it goes to instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    title: Line
    definition: Line
    includes: Line
    excludes: Line


class Taxonomy(BaseModel):
    """All classes, in the order of the file; the version changes with every change of what a class means."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: Annotated[int, Field(ge=1)]
    classes: Annotated[tuple[KnowledgeClass, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _consistent(self) -> Taxonomy:
        ids = [entry.id for entry in self.classes]
        if doubled := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"class {doubled[0]!r} is there twice; each id stands once")
        if OTHER not in ids:
            raise ValueError(f"there is no class {OTHER!r}; pages that are about nothing need one")
        return self

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids, in the order of the file."""
        return tuple(entry.id for entry in self.classes)


def parse(text: str, where: str = FILE) -> Taxonomy:
    """Read a taxonomy from YAML.

    Parameters
    ----------
    text : str
        The YAML.
    where : str
        Name of the file, for errors.

    Raises
    ------
    TaxonomyError
        When it is no YAML, a field is missing, unknown or wrong, an id stands twice, or there is no class ``other``.
    """
    try:
        raw: Any = yaml.safe_load(text)
        return Taxonomy.model_validate(raw)
    except yaml.YAMLError as error:
        raise TaxonomyError(f"{where}: is no YAML: {getattr(error, 'problem', error)}") from error
    except ValidationError as error:
        raise TaxonomyError(f"{where}: {_first(error)}") from error


@cache
def load(path: str | None = None) -> Taxonomy:
    """Return a taxonomy, the shipped one by default, read once a process; raises `TaxonomyError` as `parse` does."""
    try:
        if path is not None:
            return parse(Path(path).read_text(encoding="utf-8"), path)
        return parse(resources.files("conf").joinpath(FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path or FILE}: can't be read: {error}") from error


def _first(error: ValidationError) -> str:
    found = error.errors()[0]
    place = ".".join(map(str, found["loc"]))
    return f"{place}: {found['msg']}" if place else found["msg"].removeprefix("Value error, ")
