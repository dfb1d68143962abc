"""The prompts that ship, how a file becomes a prompt, and which answers are taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.teacher import forms
from classifiers.teacher.forms import AnswerError
from classifiers.teacher.prompts import Prompt, PromptError, load, parse, shipped
from conf.taxonomy import load as load_taxonomy

GOOD: dict[str, list[tuple[dict[str, Any], object, float | None]]] = {
    "quality": [
        ({"meets": True, "score": 5, "flags": []}, 5, 5.0),
        ({"meets": False, "score": 0, "flags": ["advertising", "listing"]}, 0, 0.0),
    ],
    "math_reasoning": [({"kind": "proof", "score": 4}, 4, 4.0)],
    "code_prose": [({"kind": "qa", "score": 3}, 3, 3.0)],
    "multilingual": [({"language": "pt-BR", "native": True, "translated_by_machine": False, "score": 2}, 2, 2.0)],
    "knowledge": [({"class": name}, name, None) for name in load_taxonomy().ids],
}
FRONT = "---\nlabel: score\nanswer:\n  score: {type: integer, minimum: 0, maximum: 5}\n---\nJudge.\n"


def test_all_prompts_that_ship_are_known_here() -> None:
    """Each has a version, and good answers below."""
    assert {name.rpartition(".")[0] for name in shipped()} == set(GOOD)


@pytest.mark.parametrize("name", GOOD)
def test_good_answers_are_read(name: str) -> None:
    """Answers of the form are read, in the form's order of keys; the label is the value of the key that the file names."""
    prompt = load(name)
    for answer, label, score in GOOD[name]:
        turned = json.dumps(dict(reversed(answer.items())), indent=2)
        read = prompt.read_answer(turned)
        assert list(read.items()) == list(answer.items())
        assert (prompt.label_of(read), prompt.score_of(read)) == (label, score)
    assert list(prompt.schema["properties"]) == prompt.schema["required"] == list(GOOD[name][0][0])
    assert prompt.schema["additionalProperties"] is False


@pytest.mark.parametrize("name", GOOD)
def test_instructions_say_form_and_what_a_page_is(name: str) -> None:
    """The last line shows every key of the answer; the page is said to be data; no place is left unfilled."""
    prompt = load(name)
    form = prompt.instructions.rpartition("\n")[2]
    assert all(f'"{key}"' in form for key in prompt.schema["properties"])
    assert "is data to be" in prompt.instructions
    assert "changes nothing" in prompt.instructions
    assert "{{" not in prompt.instructions
    values = [form_["enum"] for form_ in prompt.schema["properties"].values() if "enum" in form_]
    assert all(f"`{value}`" in prompt.instructions for enum in values for value in enum)


def test_the_knowledge_prompt_holds_every_class() -> None:
    """Each class stands in the prompt with its definition, and a changed taxonomy changes the digest."""
    prompt, taxonomy = load("knowledge"), load_taxonomy()
    for entry in taxonomy.classes:
        assert f"- `{entry.id}`: {entry.definition}" in prompt.instructions
    other = taxonomy.model_copy(update={"classes": taxonomy.classes[1:]})
    assert load("knowledge", other).digest != prompt.digest
    assert load("quality", other).digest == load("quality").digest


def test_messages_are_instructions_and_page() -> None:
    """The page comes last, in a message of its own; text, title and address are in it and nowhere else."""
    prompt = load("quality.v1")
    first, second = prompt.messages(b"id", "SOME TEXT", title="A TITLE", url="https://a.example/")
    assert first == {"role": "system", "content": prompt.instructions}
    assert second["role"] == "user"
    assert all(part in second["content"] for part in ("SOME TEXT", "A TITLE", "https://a.example/"))
    assert (prompt.full_name, prompt.name, prompt.version) == ("quality.v1", "quality", 1)


def test_prompts_are_found_by_name_version_and_path(tmp_path: Path) -> None:
    """A file of one's own works as those that ship; its digest is that of its bytes."""
    path = tmp_path / "mine.v12.md"
    path.write_text(FRONT)
    mine = load(str(path))
    assert (mine.name, mine.version, mine.instructions, mine.label) == ("mine", 12, "Judge.", "score")
    path.write_text(FRONT + " ")
    assert load(str(path)).digest != mine.digest
    assert load("quality") == load("quality.v1")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.v1", "Judge.", "has to begin with '---'"),
        ("a.v1", "---\nlabel: score\n---\nJudge.", "the keys label and answer"),
        ("a.v1", "---\nlabel: [\n---\nJudge.", "no YAML"),
        ("a.v1", FRONT.replace("label: score", "label: mark"), "label 'mark' is no key of the answer (score)"),
        ("a.v1", FRONT.replace("integer", "float"), "answer.score: type 'float' is not known; it is one of boolean, integer"),
        ("a.v1", FRONT.replace(", maximum: 5", ""), "answer.score: a integer has maximum, minimum, not minimum"),
        ("a.v1", FRONT.replace("type: integer, minimum: 0, maximum: 5", "type: string, enum: none"), "is no list of names"),
        (
            "a.v1",
            FRONT.replace("type: integer, minimum: 0, maximum: 5", "type: array, items: {type: boolean}, maxItems: 2"),
            "is a list",
        ),
        ("a", FRONT, "NAME.vN.md"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_one_line(name: str, content: str, says: str) -> None:
    """The message names the prompt, what was seen and what is allowed."""
    with pytest.raises(PromptError) as error:
        parse(content.encode(), name)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["qualitty", "quality.v99", "none/there.v1.md", ""])
def test_a_prompt_that_is_not_there_is_one_line(name: str) -> None:
    """Names that are there are listed."""
    with pytest.raises(PromptError, match=r"there are code_prose\.v1|No such file"):
        load(name)


BAD = [
    "",
    "5",
    "null",
    "good",
    "```json\n{}\n```",
    '["score"]',
    "[" * 100_000,
    '{"score": 4}',
    '{"meets": true, "score": 4}',
    '{"meets": true, "score": 4, "flags": [], "why": "x"}',
    '{"meets": true, "score": 4, "flags": []',
    '{"meets": true, "score": 4, "flags": []} and more',
    '{"meets": "yes", "score": 4, "flags": []}',
    '{"meets": true, "score": true, "flags": []}',
    '{"meets": true, "score": 4.5, "flags": []}',
    '{"meets": true, "score": 6, "flags": []}',
    '{"meets": true, "score": -1, "flags": []}',
    '{"meets": true, "score": NaN, "flags": []}',
    '{"meets": true, "score": "4", "flags": []}',
    '{"meets": true, "score": 4, "flags": ["bad"]}',
    '{"meets": true, "score": 4, "flags": "listing"}',
    '{"meets": true, "score": 4, "flags": ["listing", "listing", "listing", "listing", "listing"]}',
    '{"meets": true, "score": 1, "score": 5, "flags": []}',
    '{"meets": true, "score": ' + "9" * 10_000 + ', "flags": []}',
]


@pytest.mark.parametrize("answer", BAD, ids=[answer[:40] for answer in BAD])
def test_answers_of_another_form_are_refused(answer: str) -> None:
    """Nothing is mended or guessed; the message is one short line."""
    with pytest.raises(AnswerError) as error:
        load("quality").read_answer(answer)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize("tag", ["DE", "german", "d", "de_DE", "", "de-"])
def test_languages_are_tags(tag: str) -> None:
    """What is no BCP 47 tag is no answer."""
    with pytest.raises(AnswerError):
        load("multilingual").read_answer(
            json.dumps({"language": tag, "native": True, "translated_by_machine": False, "score": 2})
        )


@given(st.text(max_size=80))
def test_any_text_is_an_answer_or_none(answer: str) -> None:
    """Reading is total: values or an `AnswerError`."""
    try:
        found = load("quality").read_answer(answer)
    except AnswerError:
        return
    assert set(found) == set(load("quality").schema["properties"])


@pytest.mark.parametrize("name", GOOD)
def test_the_longest_answer_is_one(name: str) -> None:
    """What output is estimated by is of the form itself."""
    prompt: Prompt = load(name)
    longest = forms.longest(prompt.schema)
    prompt.read_answer(longest)
    assert len(longest) >= max(len(json.dumps(answer)) for answer, *_ in GOOD[name])
