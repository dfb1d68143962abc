"""Versioned prompts: what a teacher is told, the form of its answer, and how the answer is read.

A prompt is a file ``NAME.vN.md``; those that ship are in ``conf/prompts``. It begins with YAML between two lines ``---``::

    label: score                  the key of the answer that is the label
    answer:                       the keys of the answer in their order, each with its form (`classifiers.teacher.forms`)
      meets: {type: boolean}
      score: {type: integer, minimum: 0, maximum: 5}

and goes on with the instructions, the first message of every request; the page is the second. ``enum: taxonomy`` and ``{{classes}}``
stand for the classes of ``conf/taxonomy.yaml``. A prompt that has been used is never changed: a change makes the next version.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from classifiers.teacher import forms, page
from conf.taxonomy import Taxonomy
from conf.taxonomy import load as load_taxonomy

CLASSES = "{{classes}}"
TAXONOMY = "taxonomy"

_NAME = re.compile(r"([a-z][a-z0-9_]*)\.v([1-9][0-9]*)")
_FILE = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)

Value = bool | int | str


class PromptError(ValueError):
    """A prompt is not there or can't be used: names the file, what was seen and what is allowed."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt.

    Parameters
    ----------
    name, version : str, int
        Of its file, ``NAME.vN.md``.
    digest : str
        SHA-256 (hexadecimal) of the file's bytes and, where it has the classes of the taxonomy, of those.
    instructions : str
        The first message.
    label : str
        Key of the answer that is the label.
    schema : mapping
        JSON schema of the answer.
    """

    name: str
    version: int
    digest: str
    instructions: str
    label: str
    schema: Mapping[str, Any]

    @property
    def full_name(self) -> str:
        """Name and version, ``quality.v1``."""
        return f"{self.name}.v{self.version}"

    def messages(self, id: bytes, text: str, *, title: str = "", url: str = "") -> list[dict[str, str]]:
        """Return the messages of a request: the instructions, then the page between its fences."""
        body = page.fenced(page.shown(text, title=title, url=url), id, self.full_name)
        return [{"role": "system", "content": self.instructions}, {"role": "user", "content": body}]

    def read_answer(self, answer: str) -> dict[str, Any]:
        """Return the values of an answer; raises `forms.AnswerError` when it is not exactly of the form."""
        return forms.read(answer, self.schema)

    def label_of(self, answer: Mapping[str, Any]) -> Value:
        """Return the label: the value of the key `label`, a number, a truth value or a class."""
        value: Value = answer[self.label]
        return value

    def score_of(self, answer: Mapping[str, Any]) -> float | None:
        """Return the label as a number: itself, 1 for true and 0 for false, None for a class."""
        value = self.label_of(answer)
        return None if isinstance(value, str) else float(value)


def load(name: str, taxonomy: Taxonomy | None = None) -> Prompt:
    """Return a prompt.

    Parameters
    ----------
    name : str
        ``quality`` (the newest version that ships), ``quality.v1``, or the path of a file ``NAME.vN.md``.
    taxonomy : Taxonomy, optional
        Classes for prompts that name them; by default those that ship.

    Raises
    ------
    PromptError
        When there is no such prompt, or its file can't be used.
    """
    if name.endswith(".md"):
        where = Path(name)
        try:
            return parse(where.read_bytes(), where.name.removesuffix(".md"), taxonomy)
        except OSError as error:
            raise PromptError(f"prompt {name}: {error.strerror or error}") from error
    known = shipped()
    versions = sorted((version, full) for full, version in known.items() if name in (full, full.rpartition(".")[0]))
    if not versions:
        raise PromptError(f"there is no prompt {name!r}; there are {', '.join(known)}, or give a file NAME.vN.md")
    full = versions[-1][1]
    return parse(resources.files("conf").joinpath("prompts", f"{full}.md").read_bytes(), full, taxonomy)


def shipped() -> dict[str, int]:
    """Return the prompts that ship, by name with version, and the number of the version."""
    names = sorted(file.name.removesuffix(".md") for file in resources.files("conf").joinpath("prompts").iterdir())
    return {found[0]: int(found[2]) for name in names if (found := _NAME.fullmatch(name))}


def parse(content: bytes, full_name: str, taxonomy: Taxonomy | None = None) -> Prompt:
    """Read a prompt from the bytes of its file; raises `PromptError` as `load` does.

    Parameters
    ----------
    content : bytes
        UTF-8: front matter and instructions.
    full_name : str
        ``NAME.vN``.
    taxonomy : Taxonomy, optional
        See `load`.
    """
    named = _NAME.fullmatch(full_name)
    if not named:
        raise PromptError(f"prompt {full_name}.md: the name of the file has to be NAME.vN.md, such as quality.v1.md")
    try:
        parted = _FILE.fullmatch(content.decode("utf-8"))
        head: Any = yaml.safe_load(parted[1]) if parted else None
    except UnicodeDecodeError as error:
        raise PromptError(f"prompt {full_name}: is no UTF-8") from error
    except yaml.YAMLError as error:
        raise PromptError(f"prompt {full_name}: its head is no YAML: {getattr(error, 'problem', error)}") from error
    if not parted or not isinstance(head, dict) or set(head) != {"label", "answer"} or not isinstance(head["answer"], dict):
        raise PromptError(f"prompt {full_name}: has to begin with '---', the keys label and answer, and '---'")
    if head["label"] not in head["answer"]:
        raise PromptError(f"prompt {full_name}: label {head['label']!r} is no key of the answer ({', '.join(head['answer'])})")
    instructions, answer, digest = parted[2].strip(), head["answer"], hashlib.sha256(content)
    if CLASSES in instructions or any(_names_classes(form) for form in answer.values()):
        classes = taxonomy or load_taxonomy()
        answer = {key: {**form, "enum": list(classes.ids)} if _names_classes(form) else form for key, form in answer.items()}
        listed = _listed(classes)
        instructions = instructions.replace(CLASSES, listed)
        digest.update(listed.encode())
    try:
        schema = forms.object_form(answer)
    except forms.FormError as error:
        raise PromptError(f"prompt {full_name}: {error}") from error
    if schema["properties"][head["label"]]["type"] == "array":
        raise PromptError(
            f"prompt {full_name}: label {head['label']!r} is a list; it has to be a number, a truth value or a class"
        )
    return Prompt(named[1], int(named[2]), digest.hexdigest(), instructions, head["label"], schema)


def _names_classes(form: Any) -> bool:
    return isinstance(form, dict) and form.get("enum") == TAXONOMY


def _listed(taxonomy: Taxonomy) -> str:
    return "\n".join(f"- `{c.id}`: {c.definition} Includes: {c.includes}. Not: {c.excludes}." for c in taxonomy.classes)
