"""Spark on more than one machine: one that is killed, and one that hangs, change no table."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.control import SPARK, has_spark
from local.deploy import deploy
from local.laptop import TEMPLATE, Laptop, free_port, send
from local.laptop import laptop as another
from tests.e2e.datasets import contract, readings
from tests.e2e.moments import tables, until

pytestmark = pytest.mark.skipif(not has_spark(), reason="no Spark here: install Java 17, then run `make spark`")
FILE = readings(60_000, every_bad=1000)
#: A task that takes longer than the others, or alone too long, is also given to a machine that has nothing to do.
SPECULATION = " ".join(
    f"--conf spark.speculation{name}" for name in ("=true", ".quantile=0.3", ".minTaskRuntime=2s", ".task.duration.threshold=5s")
)
PARAMETERS = {"LambdaTextBytes": "1", "GlueTaskBytes": str(len(FILE) // 8)}


class Machines:
    """Spark's own cluster: a master, and two workers of one core, each on a loopback address of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        self.master = f"spark://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._spawn("127.0.0.1", "master.Master", "--port", str(self.port))
        for host in ("127.0.0.1", "127.0.0.2"):
            self._spawn(host, "worker.Worker", "--cores", "1", "--memory", "1g", "--work-dir", str(self.folder / host), self.master)

    def stop(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        send(self.executors(), signal.SIGKILL)

    def executors(self) -> list[int]:
        return [pid for pid, words in commands() if "CoarseGrainedExecutorBackend" in words and str(self.folder) in _folder(pid)]

    def workers(self) -> list[int]:
        """The processes that perform tasks: each is a fork of its executor's daemon."""
        parents = dict(_parents())
        daemons = {pid for pid, parent in parents.items() if parent in self.executors()}
        return [pid for pid, parent in parents.items() if parent in daemons]

    def _spawn(self, host: str, what: str, *words: str) -> None:
        home = next((SPARK.parents[1] / "lib").glob("python3*")) / "site-packages" / "pyspark"
        command = [
            str(home / "bin" / "spark-class"),
            f"org.apache.spark.deploy.{what}",
            "--host",
            host,
            "--webui-port",
            "0",
            *words,
        ]
        environment = {"PATH": os.environ["PATH"], "SPARK_LOCAL_IP": host, "SPARK_HOME": str(home), "SPARK_DAEMON_MEMORY": "256m"}
        environment |= {"SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
        environment |= {"PYSPARK_PYTHON": str(SPARK)}
        with (self.folder / f"{what}-{host}.log").open("wb") as log:
            self.processes.append(
                subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
            )


def commands() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def _folder(pid: int) -> str:
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{pid}/cwd").readlink())
    return ""


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield int(folder.name), int((folder / "stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    made = Machines(tmp_path_factory.mktemp("machines"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def spread(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """A stack whose Spark is that cluster."""
    options = f"--master {machines.master} --executor-memory 512m {SPECULATION}"
    with another(tmp_path_factory.mktemp("spread"), "spread", PARAMETERS, {"TIDEGATE_SPARK_OPTIONS": options}) as made:
        yield made


@pytest.fixture(scope="module")
def undisturbed(spread: Laptop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The tables as Lambdas make them."""
    deploy("calm", spread.environment, TEMPLATE)
    calm = Laptop(spread.settings, "calm")
    begin(calm, "machines.calm", tmp_path_factory.mktemp("calm"))
    calm.rest()
    return tables(calm, "machines.calm")


def begin(laptop: Laptop, dataset: str, folder: Path) -> None:
    laptop.publish(contract(dataset), folder)
    laptop.put(f"{dataset.replace('.', '/')}/delta/file.csv", FILE)


@pytest.mark.parametrize(
    ("kind", "sent"), [("executors", signal.SIGKILL), ("workers", signal.SIGKILL), ("workers", signal.SIGSTOP)]
)
def test_machine_that_dies_or_hangs_in_its_task_leaves_the_tables_of_an_undisturbed_run(
    spread: Laptop, machines: Machines, undisturbed: dict[str, Any], tmp_path: Path, kind: str, sent: signal.Signals
) -> None:
    dataset = f"machines.{kind}_{sent.name.lower()}"
    begin(spread, dataset, tmp_path)
    found: Callable[[], list[int]] = getattr(machines, kind)
    until(lambda: bool(machines.workers()), "no task ever ran", pause=0.5)
    struck = found()[:1]
    send(struck, sent)
    spread.rest()
    assert struck
    assert {f["state"] for f in spread.files(dataset)} == {"LOADED"}
    assert {(run["state"], run["route"]) for run in spread.json("runs", "--dataset", dataset)} == {("SUCCEEDED", "GLUE")}
    assert tables(spread, dataset) == undisturbed
