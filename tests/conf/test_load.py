"""Recipes resolve with origins, and what is wrong is one line that names file, key, value and what is allowed."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from conf.load import SettingsError, resolve, settings

CONF = Path(__file__).resolve().parents[2] / "conf"
DEMO = CONF / "demo.yaml"


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def test_the_shipped_recipes_resolve():
    """Every recipe in conf/ is valid, given an input."""
    for recipe in sorted(CONF.glob("*.yaml")):
        if "stages" in recipe.read_text():
            assert resolve(recipe, ["input.paths=crawl"]).recipe.stages[0] == "extract"


def test_origins_name_the_file_the_command_line_or_the_default():
    """A field knows where its value comes from, also through extends and through one entry of a mapping."""
    origins = resolve(DEMO, ["mix.seed=7", "mix.epochs.math=2"]).origins
    assert origins["mix.seed"] == "command line"
    assert origins["mix.epochs"] == "command line"
    assert origins["mix.shares"] == "default"
    assert origins["stages"] == "llama3.yaml"
    assert origins["input.paths"] == "demo.yaml"


def test_an_entry_of_a_mapping_keeps_the_others():
    """Setting one class's epochs leaves the defaults of the other classes."""
    epochs = resolve(DEMO, ["mix.epochs.math=2"]).recipe.mix.epochs
    assert epochs == {"general": 1.0, "math": 2.0, "code": 4.0, "multilingual": 4.0}


def test_relative_paths_belong_to_the_file_or_to_the_working_directory(tmp_path, monkeypatch):
    """A recipe can be started from anywhere; what is typed is relative to where one stands."""
    monkeypatch.chdir(tmp_path)
    resolved = resolve(DEMO).recipe
    assert resolved.output.path == str(CONF.parent / "runs")
    typed = resolve(DEMO, ["input.paths=a.warc,s3://bucket/b.warc", "output.path=out"]).recipe
    assert typed.input.paths == (str(tmp_path / "a.warc"), "s3://bucket/b.warc")
    assert typed.output.path == str(tmp_path / "out")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("mix.sed=3", r"unknown setting 'mix.sed'; the closest is 'mix.seed'"),
        ("mix.seed=x", r"command line: mix.seed = 'x': input should be a valid integer"),
        ("mix.shares.general=0.6", r"mix.shares add up to 1.1; they must add up to 1"),
        ("mix.shares.music=0.0", r"names the class 'music'; classes are general, math, code, multilingual"),
        ("mix.languages.method=shares", r"mix.languages.shares add up to 0; they must add up to 1"),
        ("mix.languages.classes=maths", r"names the class 'maths'; classes are general, math, code, multilingual"),
        ("mix.weights.quality={0-30: 1}", r"names '0-30'; buckets are 0 to 19, ranges such as 15-19, or none"),
        ("mix.weights.quality={0-9: 1, 5: 2}", r"sets bucket 5 twice, by '5' and another"),
        ("mix.weights.knowledge={spork: 1}", r"names 'spork'; there are arts_entertainment"),
        ("mix.weights.sources={www.example.org: 2}", r"names 'www.example.org'; a source is a host such as"),
        ("mix.weights.sources={https://example.org/a: 2}", r"names 'https://example.org/a'; a source is a host"),
        ("mix.weights.sources={example.org: 2000}", r"that of example.org is 2000; weights are from 0 to 1000"),
        ("mix.weights.knowledge={sports: -1}", r"that of sports is -1; weights are from 0 to 1000"),
        ("input.format=pdf", r"input.format = 'pdf': input should be 'warc', 'wet', 'parquet' or 'jsonl'"),
        ("stages=[extrakt]", r"stages.0 = 'extrakt'"),
        ("mix.counter=tokenizers", r"needs mix.tokenizer"),
        ("nonsense", r"'nonsense' is no override; write key=value"),
        ("mix.seed=[", r"is no YAML"),
        ("name.x=1", r"'name' is not a section"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(override, says):
    """Each message names the key, what was seen and what is allowed."""
    with pytest.raises(SettingsError, match=says) as error:
        resolve(DEMO, [override])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("just a word", "holds no settings"),
        ("name: x\nmix: {sed: 1}\n", r"r.yaml: unknown setting 'mix.sed'"),
        ("name: [\n", r"r.yaml: line 2 is no YAML"),
        ("extends: r.yaml\n", "extends itself"),
        ("extends: nothing.yaml\n", "nothing.yaml: No such file"),
        ("name: x\nstages: [extract]\n", "the recipe has no 'input.paths'"),
    ],
)
def test_a_broken_recipe_names_its_file(tmp_path, text, says):
    """Faults of a file name the file."""
    with pytest.raises(SettingsError, match=says):
        resolve(write(tmp_path, "r.yaml", text))


def test_settings_are_frozen_and_all_explained():
    """Nothing changes a resolved recipe, and every setting says what it means."""
    recipe = resolve(DEMO).recipe
    with pytest.raises(ValidationError):
        recipe.mix.seed = 2
    assert all(s.field.description for s in settings())


def test_keys_of_maps_hold_dots():
    """What follows the name of a map is one key, such as a rule's name or a property of Spark."""
    found = resolve(
        "conf/llama3.yaml", ["input.paths=x", "filter.thresholds.gopher.word_count.low=80", 'spark.conf.spark.ui.enabled="no"']
    )
    assert found.recipe.filter.thresholds == {"gopher.word_count.low": 80}
    assert found.recipe.spark.conf == {"spark.ui.enabled": "no"}
