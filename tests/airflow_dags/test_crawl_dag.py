"""The DAG of a recipe: its tasks, their commands, and what it may not import."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
DAG_FILE = PROJECT / "airflow_dags" / "crawl.py"
DEMO = PROJECT / "conf" / "demo.yaml"
FORBIDDEN = {"pyspark", "jobs", "udfs", "classifiers", "console"}
DESCRIBE = """
import json, sys
from jinja2 import Environment
import crawl
dag, render = crawl.dag, lambda text, given: Environment().from_string(text).render(params=given)
none = {name: None for name in crawl.OVERRIDES}
print(json.dumps({
    "id": dag.dag_id, "schedule": dag.schedule, "active": dag.max_active_runs, "tags": sorted(dag.tags),
    "doc": dag.doc_md, "params": {name: dag.params[name] for name in dag.params},
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    "tasks": [{
        "id": task.task_id, "after": sorted(task.upstream_task_ids), "application": task.application,
        "connection": task._conn_id, "retries": task.retries, "owner": task.owner,
        "bare": [render(text, none) for text in task.application_args],
        "full": [render(text, {name: name.upper() for name in none}) for text in task.application_args],
        "type": [base.__name__ for base in type(task).__mro__],
    } for task in dag.tasks],
}))
"""


def airflow_python() -> Path:
    return Path(os.environ.get("WOOLMILL_AIRFLOW_PYTHON") or PROJECT / ".airflow-venv" / "bin" / "python")


def in_airflow(code: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` by Airflow's Python, with the DAG's folder on its path and a database of its own."""
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": str(DAG_FILE.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": os.environ["PATH"],
        "HOME": str(home),
    }
    command = [str(airflow_python()), "-c", code]
    return subprocess.run(command, env=settings | environment, capture_output=True, text=True, timeout=120, cwd=home)


def described(home: Path, **environment: str) -> dict[str, Any]:
    answer = in_airflow(DESCRIBE, home, **environment)
    assert answer.returncode == 0, answer.stderr[-3000:]
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def stages_of(recipe: Path) -> list[str]:
    """Read the stages of a recipe, its own or those that it inherits, without the code under test."""
    tree = yaml.safe_load(recipe.read_text("utf-8"))
    stages: list[str] = tree["stages"] if "stages" in tree else stages_of(recipe.parent / tree["extends"])
    return stages


@pytest.fixture(scope="module")
def airflow() -> None:
    if not airflow_python().is_file():
        pytest.skip("Airflow is not installed: `make airflow-env`, or set WOOLMILL_AIRFLOW_PYTHON to its Python")


@pytest.fixture(scope="module")
def demo(airflow: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAG of the demo recipe, which is the one that is built where nothing is said."""
    return described(tmp_path_factory.mktemp("airflow"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module).partition(".")[0]
        elif isinstance(node, ast.Call) and "import" in ast.unparse(node.func):
            yield ast.unparse(node)


def test_imports_are_airflow_and_yaml() -> None:
    """The file imports Airflow, PyYAML and the standard library: no Spark, nothing of the product, nothing computed."""
    names = set(imported(ast.parse(DAG_FILE.read_text("utf-8"))))
    assert "airflow" in names
    assert names - {"airflow", "yaml"} <= set(sys.stdlib_module_names)


def test_loading_pulls_in_no_spark(demo: dict[str, Any]) -> None:
    """Loading the DAG brings neither pyspark nor a package of the product into the scheduler's process."""
    assert not FORBIDDEN & set(demo["modules"])


def test_tasks_are_the_stages_in_order(demo: dict[str, Any]) -> None:
    """One task a stage, each after the one before it."""
    stages = stages_of(DEMO)
    assert [task["id"] for task in demo["tasks"]] == stages
    assert [task["after"] for task in demo["tasks"]] == [[], *[[stage] for stage in stages[:-1]]]


def test_commands_are_what_a_person_would_type(demo: dict[str, Any]) -> None:
    """Each task submits ``jobs/<stage>.py RECIPE``; parameters become overrides, empty ones become nothing."""
    for task in demo["tasks"]:
        assert "SparkSubmitOperator" in task["type"]
        assert task["application"] == str(PROJECT / "jobs" / f"{task['id']}.py")
        assert [text for text in task["bare"] if text] == [str(DEMO)]
        assert task["full"] == [
            str(DEMO),
            "input.paths=INPUT_PATHS",
            "output.path=OUTPUT_PATH",
            "output.run=RUN",
        ]


@pytest.mark.usefixtures("airflow")
def test_empty_overrides_are_not_submitted(tmp_path: Path) -> None:
    """What the operator hands to spark-submit holds no empty argument."""
    code = (
        "import crawl\n"
        "from unittest.mock import patch\n"
        "task = crawl.dag.tasks[0]\n"
        "task.application_args = ['recipe.yaml', '', 'output.path=runs', '']\n"
        "with patch.object(crawl.SparkSubmitOperator, 'execute', lambda self, context: print(self.application_args)):\n"
        "    type(task).execute.__wrapped__(task, {})\n"
    )
    answer = in_airflow(code, tmp_path)
    assert answer.returncode == 0, answer.stderr[-3000:]
    assert answer.stdout.splitlines()[-1] == "['recipe.yaml', 'output.path=runs']"


def test_how_it_is_run(demo: dict[str, Any]) -> None:
    """By hand, one run at a time, retried, with an owner and its recipe in the documentation."""
    assert demo["id"] == "woolmill_demo"
    assert (demo["schedule"], demo["active"]) == (None, 1)
    assert "woolmill" in demo["tags"]
    assert DEMO.read_text("utf-8") in demo["doc"]
    assert demo["params"] == {"input_paths": None, "output_path": None, "run": None}
    assert {(task["retries"], task["owner"], task["connection"]) for task in demo["tasks"]} == {(2, "woolmill", "spark_default")}


@pytest.mark.usefixtures("airflow")
@pytest.mark.parametrize("variable", ["WOOLMILL_RECIPE", "AIRFLOW_VAR_WOOLMILL_RECIPE"])
def test_another_recipe(tmp_path: Path, variable: str) -> None:
    """The environment or an Airflow Variable names the recipe; what it lacks comes from the one that it extends."""
    (tmp_path / "base.yaml").write_text("name: base\nstages: [extract, clean, mix]\n")
    (tmp_path / "conf").mkdir()
    recipe = tmp_path / "conf" / "weekly.yaml"
    recipe.write_text("extends: ../base.yaml\nname: weekly\n")
    found = described(tmp_path, WOOLMILL_SPARK_CONNECTION="cluster", **{variable: str(recipe)})
    assert found["id"] == "woolmill_weekly"
    assert [task["id"] for task in found["tasks"]] == ["extract", "clean", "mix"]
    assert {task["connection"] for task in found["tasks"]} == {"cluster"}
    assert found["tasks"][0]["bare"][0] == str(recipe)


@pytest.mark.usefixtures("airflow")
def test_recipe_without_stages(tmp_path: Path) -> None:
    """A recipe without stages is refused in one line that names the file."""
    recipe = tmp_path / "empty.yaml"
    recipe.write_text("name: empty\n")
    answer = in_airflow("import crawl", tmp_path, WOOLMILL_RECIPE=str(recipe))
    assert answer.returncode != 0
    assert f"ValueError: {recipe}: lists no stages" in answer.stderr.splitlines()[-1]
