"""Measured: what runs used on a laptop's AWS, taken apart into what a run, a file and a megabyte use."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tidegate.cost.usage import Usage
from tidegate.model.runs import Compute

MEGABYTE = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """What so many runs with so many files of so many bytes of text used, all together."""

    runs: int
    files: int
    bytes: int
    usage: Usage

    @property
    def a_run(self) -> Usage:
        """What one of them used."""
        return self.usage * (1 / self.runs)

    @property
    def files_a_run(self) -> float:
        """How many files one of them had."""
        return self.files / self.runs

    @property
    def megabytes_a_run(self) -> float:
        """How many megabytes of text one of them had."""
        return self.bytes / self.runs / MEGABYTE


@dataclass(frozen=True, slots=True)
class Shapes:
    """Three shapes of run on one route, all after a batching window: one small file, `many` small files, one `large` file."""

    one: Shape
    many: Shape
    large: Shape


@dataclass(frozen=True, slots=True)
class Rates:
    """What a run uses: `run` for itself, `window` more after a batching window, `file` for each file, `megabyte` for each of text."""

    run: Usage
    window: Usage
    file: Usage
    megabyte: Usage

    def of_run(self, files: float, text: float, *, window: bool) -> Usage:
        """Return what a run with so many files and bytes of text uses."""
        used = self.run + self.file * files + self.megabyte * (text / MEGABYTE)
        return used + self.window if window else used


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of one day on one machine, which `machine` describes.

    `routes` has the shapes of each route, `at_once` runs of one small file on a Lambda without a window. `reconcile` and `maintain` are
    what one call uses where there is no dataset, `reconciled` and `maintained` what it uses more for a dataset at rest, and `merged` what
    maintain uses more for a dataset whose small files it merges.
    """

    as_of: str
    machine: str
    at_once: Shape
    routes: Mapping[Compute, Shapes]
    reconcile: Usage
    reconciled: Usage
    maintain: Usage
    maintained: Usage
    merged: Usage

    def rates(self, compute: Compute) -> Rates:
        """Take the shapes of a route apart."""
        shapes = self.routes[compute]
        one, many, large = shapes.one, shapes.many, shapes.large
        megabyte = (large.a_run - one.a_run) * (1 / (large.megabytes_a_run - one.megabytes_a_run))
        more = many.a_run - one.a_run - megabyte * (many.megabytes_a_run - one.megabytes_a_run)
        file = more * (1 / (many.files_a_run - one.files_a_run))
        window = _of_arrival(self.routes[Compute.LAMBDA].one.a_run - self.at_once.a_run)
        run = one.a_run - file * one.files_a_run - megabyte * one.megabytes_a_run - window
        return Rates(run, window, file, megabyte)


def _of_arrival(usage: Usage) -> Usage:
    """Leave only what a window changes: ingest, the ledger and the queue. The rest of a difference of measurements is chance."""
    only = {"ingest"}
    invocations = {name: n for name, n in usage.invocations.items() if name in only}
    milliseconds = {name: n for name, n in usage.milliseconds.items() if name in only}
    return replace(
        Usage(), invocations=invocations, milliseconds=milliseconds, writes=usage.writes, reads=usage.reads, messages=usage.messages
    )
