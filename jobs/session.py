"""The Spark session: local or submitted, with the settings that the jobs rely on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from conf.schema import Spark
from jobs.java import java_home

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Reasons and measurements: docs/decisions/0003-spark-settings.md.
RELIED_ON: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    "spark.sql.execution.arrow.maxBytesPerBatch": str(16 * 2**20),
    "spark.python.worker.faulthandler.enabled": "true",
    "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
    "spark.sql.execution.pyspark.udf.idleTimeoutSeconds": "300",
    "spark.sql.execution.pyspark.udf.killOnIdleTimeout": "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
    "spark.eventLog.rolling.enabled": "false",
}


def submitted() -> bool:
    """Whether spark-submit started this process (it opens the gateway before Python runs)."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


@contextmanager
def session(settings: Spark, logs: Path, name: str) -> Iterator[SparkSession]:
    """Start Spark, and stop it at the end; a session that is there already is used and left running.

    Parameters
    ----------
    settings : Spark
        Section ``spark`` of the recipe.
    logs : Path
        Folder for the event log and, in local mode, Spark's own log.
    name : str
        Name of the application.
    """
    logs.mkdir(parents=True, exist_ok=True)
    if not submitted():
        os.environ["JAVA_HOME"] = java_home()
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    if running := SparkSession.getActiveSession():
        running.conf.set("spark.sql.shuffle.partitions", str(settings.shuffle_partitions))
        yield running
        return
    properties = {
        **RELIED_ON,
        "spark.eventLog.dir": logs.absolute().as_uri(),
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
        **({} if submitted() else _started_here(settings, logs)),
        **settings.conf,
    }
    builder = SparkSession.builder.appName(f"woolmill {name}")
    for key, value in properties.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


def _started_here(settings: Spark, logs: Path) -> dict[str, str]:
    log4j = f"-Dlog4j2.configurationFile={files('conf') / 'log4j2.properties'} -Dwoolmill.log={logs.absolute() / 'spark.log'}"
    local = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return {
        "spark.master": settings.master,
        "spark.driver.memory": settings.driver_memory,
        "spark.driver.extraJavaOptions": log4j,
        **(local if settings.master.startswith("local") else {}),
    }
