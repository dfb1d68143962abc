"""One run of a Woolmill recipe: each stage is a `spark-submit`, in the recipe's order.

Trigger it when a crawl has arrived, and say where it lies and where the run goes; what is left empty keeps the recipe's
value. A stage whose inputs and settings have not changed since it was published is skipped, so clearing a failed task,
or triggering the whole run again, takes up the work where it stopped.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, Param, Variable, chain

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_RECIPE = PROJECT / "conf" / "demo.yaml"
OVERRIDES = {
    "input_paths": ("input.paths", "files, folders, globs or addresses of the crawl, separated by commas"),
    "output_path": ("output.path", "folder of runs, which all workers reach"),
    "run": ("output.run", "name of this run, a folder below the output path"),
}
"""Parameter of the DAG: the setting that it overrides, and what it means."""


class Stage(SparkSubmitOperator):  # type: ignore[misc]
    """A stage submitted to Spark; overrides whose parameter was left empty are not passed on."""

    application_args: list[str]

    def execute(self, context: Any) -> None:
        """Submit the stage and wait for its end."""
        self.application_args = [argument for argument in self.application_args if argument]
        super().execute(context)


def recipe_path() -> Path:
    """Return the recipe: ``WOOLMILL_RECIPE`` of the environment, else the Airflow Variable of that name, else the demo."""
    told = os.environ.get("WOOLMILL_RECIPE") or Variable.get("WOOLMILL_RECIPE", default=None)
    return Path(told).resolve() if told else DEFAULT_RECIPE


def setting(recipe: Path, key: str) -> Any:
    """Return a top-level key of a recipe, else that of the recipe which it extends, else None."""
    tree = yaml.safe_load(recipe.read_text("utf-8"))
    if key in tree or "extends" not in tree:
        return tree.get(key)
    return setting(recipe.parent / tree["extends"], key)


def crawl_dag(recipe: Path) -> DAG:
    """Build the DAG of a recipe.

    Raises
    ------
    ValueError
        When neither the recipe nor one that it extends lists stages; Airflow shows it as an import error.
    """
    stages = setting(recipe, "stages")
    if not stages:
        raise ValueError(f"{recipe}: lists no stages, so there is nothing to schedule; add 'stages: [extract, ...]'")
    name = setting(recipe, "name") or recipe.stem
    params = {name: Param(None, type=["null", "string"], description=meaning) for name, (_, meaning) in OVERRIDES.items()}
    with DAG(
        dag_id=f"woolmill_{name}",
        description=f"The stages of {recipe.name}, one spark-submit each",
        doc_md=f"{__doc__}\n```yaml\n{recipe.read_text('utf-8')}```\n",
        schedule=None,
        catchup=False,
        max_active_runs=1,  # two runs would publish under the same names
        default_args={
            "owner": "woolmill",
            "retries": int(os.environ.get("WOOLMILL_RETRIES", "2")),
            "retry_delay": timedelta(minutes=5),
        },
        params=params,
        tags=["woolmill", "crawl"],
    ) as dag:
        chain(*[stage_task(stage, recipe, dag.dag_id) for stage in stages])
    return dag


def stage_task(stage: str, recipe: Path, dag_id: str) -> Stage:
    """Return the task that a person would type as ``spark-submit jobs/<stage>.py RECIPE key=value ...``."""
    return Stage(
        task_id=stage,
        name=f"{dag_id}.{stage}",
        conn_id=os.environ.get("WOOLMILL_SPARK_CONNECTION", "spark_default"),
        application=str(PROJECT / "jobs" / f"{stage}.py"),
        application_args=[str(recipe), *[override(param, key) for param, (key, _) in OVERRIDES.items()]],
    )


def override(param: str, key: str) -> str:
    """Return the template of ``key=value`` that is empty where the parameter is."""
    return f"{{{{ '{key}=' ~ params.{param} if params.{param} else '' }}}}"


dag = crawl_dag(recipe_path())
