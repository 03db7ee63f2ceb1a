"""The entry point of the Glue job: what the load function does, with a cluster for the rows."""

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from tidegate import bootstrap
from tidegate.engine import Limits
from tidegate.errors import TidegateError
from tidegate.model.runs import Manifest
from tidegate.spark.tasks import Cluster, Task, Tools, answer, patiently, perform, receive, request, send
from tidegate.spark.workshop import Portions, SparkWorkshop
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.claim import read_manifest
from tidegate.usecases.job import run_job

Arguments = Mapping[str, str]
"""What the job was started with: `--NAME value`, without the dashes."""


class Machines(Protocol):
    """What Spark does for us. Answers are in the order of the requests."""

    def each(self, requests: Sequence[bytes]) -> list[bytes]:
        """Have each request performed somewhere by `on_machine`."""
        ...

    def exchange(self, senders: Sequence[bytes], receivers: Sequence[bytes]) -> list[bytes]:
        """Have the senders performed by `on_sender`, bring together what they send, and have the receivers performed by `on_receiver`."""
        ...


@dataclass(frozen=True, slots=True)
class SparkCluster:
    """Makes requests of tasks for the machines of a site, and raises what they raised."""

    machines: Machines
    site: "Site"

    def perform(self, tasks: Sequence[Task]) -> list[Any]:
        """Perform tasks somewhere."""
        return [answer(body) for body in self.machines.each(self._requests(tasks))] if tasks else []

    def exchange(self, senders: Sequence[Task], receivers: Sequence[Task]) -> list[Any]:
        """Perform senders, and receivers with what was sent to them."""
        if not receivers:
            return []
        return [answer(body) for body in self.machines.exchange(self._requests(senders), self._requests(receivers))]

    def _requests(self, tasks: Sequence[Task]) -> list[bytes]:
        return [request(self.site, task) for task in tasks]


_SETTINGS = ("LAKE_BUCKET", "LANDING_BUCKET", "LEASE_SECONDS", "LEDGER_TABLE", "TIDEGATE_STACK", "TOKEN_KEY_SECRET")
_HEARTBEATS = 3  # in the life of a lease


@dataclass(frozen=True, slots=True)
class Site:
    """What a machine has to know to make its tools: the settings, the run, and what a task may use."""

    settings: Arguments
    manifest_key: str
    limits: Limits


def run(arguments: Arguments, machines: Machines) -> None:
    """Load the run whose manifest the arguments name; raise what it ended with, which is then also in the lake bucket."""
    _configure(arguments)
    manifest = read_manifest(arguments["manifest_key"], bootstrap.objects())

    def work() -> None:
        with _holding(manifest):
            _load(manifest, arguments, machines)

    run_job(
        manifest,
        arguments["reason"],
        arguments["JOB_RUN_ID"],
        work,
        ledger=bootstrap.ledger(),
        objects=bootstrap.objects(),
        clock=bootstrap.clock,
        lease_us=bootstrap.lease_us(),
    )


def on_machine(body: bytes) -> bytes:
    """Perform one request, on whatever machine it landed."""
    return perform(body, _tools)


def on_sender(body: bytes) -> list[tuple[int, tuple[bool, bytes]]]:
    """Perform a sender, and return what it sends with the numbers of the receivers."""
    return send(body, _tools)


def on_receiver(body: bytes, arrived: Sequence[tuple[bool, bytes]]) -> bytes:
    """Perform a receiver with what was sent to it."""
    return receive(body, _tools, arrived)


def _load(manifest: Manifest, arguments: Arguments, machines: Machines) -> None:
    """Load, with patience: starting another job costs more than waiting here."""
    limits = Limits(memory_mb=int(arguments["TASK_MEMORY_MB"]), threads=1)
    cluster = SparkCluster(machines, Site({name: arguments[name] for name in _SETTINGS}, arguments["manifest_key"], limits))

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="tidegate-load-") as directory:
            bootstrap.load_run(manifest, _workshop(manifest, arguments, cluster, Path(directory)))

    patiently(work)


def _workshop(manifest: Manifest, arguments: Arguments, cluster: Cluster, room: Path) -> SparkWorkshop:
    mine = Limits(memory_mb=int(arguments["DRIVER_MEMORY_MB"]), temp_dir=room, threads=os.cpu_count() or 1)
    local = LocalWorkshop(room, mine, bootstrap.keyring(manifest))
    portions = Portions(int(arguments["TASK_BYTES"]), 2 * int(arguments["TASK_BYTES"]))
    s3 = bootstrap.client("s3")
    return SparkWorkshop(local, manifest, cluster, bootstrap.landing(), bootstrap.objects(), s3, portions)


def _tools(site: Site, room: Path) -> Tools:
    _configure(site.settings)
    manifest = read_manifest(site.manifest_key, bootstrap.objects())
    limits = replace(site.limits, temp_dir=room)
    return Tools(bootstrap.landing(), bootstrap.objects(), bootstrap.client("s3"), bootstrap.keyring(manifest), limits, room)


def _configure(settings: Arguments) -> None:
    """Glue gives a job arguments; what a function is given are variables."""
    os.environ.update({name: settings[name] for name in _SETTINGS})


@contextmanager
def _holding(manifest: Manifest) -> Iterator[None]:
    """Hold the lease for as long as the block runs, from another thread. When it is lost the commits find out."""
    done = threading.Event()

    def hold() -> None:
        while not done.wait(bootstrap.lease_us() / 1e6 / _HEARTBEATS):
            try:
                until = bootstrap.clock() + bootstrap.lease_us()
                if not bootstrap.ledger().hold(manifest.dataset, manifest.token, until, manifest.run_id):
                    return
            except TidegateError:
                continue  # the next one is in time

    thread = threading.Thread(target=hold, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
