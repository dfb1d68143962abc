"""What all tests share: one Spark session for the whole suite, the shared data folder, and the demo run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "tests" / "data" / "sample_crawl"


@pytest.fixture(scope="session")
def data() -> Path:
    """The shared data folder; tests that need it are skipped where WOOLMILL_DATA does not name it."""
    named = os.environ.get("WOOLMILL_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("WOOLMILL_DATA names no folder: the shared data is not here")
    return Path(named)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The one session of the suite, started as the pipeline starts it."""
    from conf.schema import Spark
    from jobs.session import session

    # No test is long enough for the second of Java's compilers to pay.
    conf = {"spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1"}
    settings = Spark(master="local[2,4]", driver_memory="1g", shuffle_partitions=2, conf=conf)
    with session(settings, tmp_path_factory.mktemp("logs"), "tests") as started:
        yield started
