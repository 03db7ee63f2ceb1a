"""The Glue job `load`: Spark around `tidegate.spark.job`.

The code comes from the stack's own Lambda layers, the same archives that its functions run, so a job never runs another version than
they do, and installs nothing. Glue reads this file from the lake bucket, where the function beside it puts it at each deployment.
"""

import base64
import fcntl
import hashlib
import importlib
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3
from pyspark import SparkContext, SparkFiles


def main() -> None:
    """Load the run that the arguments name."""
    arguments = dict(pairs(sys.argv[1:]))
    place = Path(tempfile.mkdtemp(prefix="tidegate-job-"))
    archives = [fetch(arn, place) for arn in arguments["LAYERS"].split(",")]
    context = SparkContext.getOrCreate()
    context.setLogLevel("WARN")
    for archive in archives:
        context.addFile(str(archive))  # comes to every machine
    machines = Machines(context, tuple(archive.name for archive in archives))
    machines.job().run(arguments, machines)


class Machines:
    """What `tidegate.spark.job` asks of Spark."""

    def __init__(self, context: SparkContext, archives: tuple[str, ...]) -> None:
        """Take Spark, and the names of the archives that it brings to every machine."""
        self._context, self.job = context, _job_of(archives)

    def each(self, requests: Sequence[bytes]) -> list[bytes]:
        """Have each request performed somewhere."""
        job = self.job
        return list(self._context.parallelize(requests, len(requests)).map(lambda body: job().on_machine(body)).collect())

    def exchange(self, senders: Sequence[bytes], receivers: Sequence[bytes]) -> list[bytes]:
        """Have the senders performed, shuffle what they send, and have the receivers performed."""
        job, count = self.job, len(receivers)
        sent = self._context.parallelize(senders, max(1, len(senders))).flatMap(lambda body: job().on_sender(body))
        asked = self._context.parallelize(list(enumerate(receivers)), count)
        both = asked.cogroup(sent, numPartitions=count)

        def received(pair: tuple[int, tuple[Iterable[bytes], Iterable[tuple[bool, bytes]]]]) -> tuple[int, bytes]:
            number, ((body,), arrived) = pair
            return number, job().on_receiver(body, list(arrived))

        return [body for _, body in sorted(both.map(received).collect())]


def _job_of(archives: tuple[str, ...]) -> Callable[[], Any]:
    """Return a function that imports the job on whatever machine it is called."""

    def imported() -> Any:  # noqa: ANN401 - a module
        for name in archives:
            folder = str(unpacked(Path(SparkFiles.get(name))) / "python")
            if folder not in sys.path:
                sys.path.insert(0, folder)
        return importlib.import_module("tidegate.spark.job")

    return imported


def unpacked(archive: Path) -> Path:
    """Unpack an archive beside it, once on each machine: other processes there wait, and find what the first one compiled too.

    Spark's own `addArchive` unpacks again for the executor where the driver has it already.
    """
    folder, partial = archive.with_suffix(""), archive.with_suffix(".partial")
    if not folder.exists():
        with archive.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if not folder.exists():
                shutil.rmtree(partial, ignore_errors=True)  # of a process that died in it
                shutil.unpack_archive(archive, partial, "zip")
                partial.rename(folder)
    return folder


def pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield `--NAME value` as name and value; Glue's own flags may have no value."""
    for word, after in pairwise([*words, "--"]):
        if word.startswith("--") and not after.startswith("--"):
            yield word.removeprefix("--"), after


def fetch(arn: str, place: Path) -> Path:
    """Download a layer's archive; raise ValueError when it is not what was published."""
    *_, name, version = arn.split(":")
    content = boto3.client("lambda").get_layer_version(LayerName=name, VersionNumber=int(version))["Content"]
    archive = place / f"{name}-{version}.zip"
    with urllib.request.urlopen(content["Location"], timeout=60) as answer:  # noqa: S310 - a presigned address of AWS
        archive.write_bytes(answer.read())
    if base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode() != content["CodeSha256"]:
        message = f"{arn} is not what was published"
        raise ValueError(message)
    return archive


if __name__ == "__main__":
    main()
