"""Processes that judge cases. One that hangs is ended and one that dies is noticed: both are findings about the case it had."""

import multiprocessing
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from tests.fuzz.cases import drawn
from tests.fuzz.judge import judge, unsteady

HUNG = 120  # seconds for one batch; a usual one takes less than two
AGAIN = 10  # every tenth case is run twice more
Verdict = tuple[int, list[str]]  # seed, what is wrong


@dataclass(slots=True)
class Worker:
    """A process, the pipe to it, the seed it has, and when it has to be done with it (monotonic seconds)."""

    process: BaseProcess
    pipe: Connection
    seed: int = -1
    deadline: float = 0.0

    def give(self, seed: int) -> None:
        self.seed, self.deadline = seed, time.monotonic() + HUNG
        self.pipe.send(seed)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def serve(pipe: Connection, files: int) -> None:
    """Judge the seeds that come until none comes."""
    while (seed := pipe.recv()) is not None:
        case = drawn(seed, files)
        pipe.send(judge(case) or (unsteady(case) if seed % AGAIN == 0 else []))


def start(files: int) -> Worker:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, files), daemon=True)
    process.start()
    there.close()
    return Worker(process, here)


def verdicts(seeds: Iterable[int], files: int, processes: int) -> Iterator[Verdict]:
    """Judge the case of every seed in parallel; verdicts come as they are made."""
    waiting = iter(seeds)
    busy: list[Worker] = []
    for _, seed in zip(range(processes), waiting, strict=False):  # in this order: zip takes from the first to see whether it ends
        busy.append(start(files))
        busy[-1].give(seed)
    while busy:
        ready, now = wait([worker.pipe for worker in busy], timeout=1), time.monotonic()  # who reads a verdict may take his time
        for worker in [w for w in busy if w.pipe in ready or now > w.deadline]:
            busy.remove(worker)
            verdict, heir = answer(worker, files, hung=worker.pipe not in ready)
            yield verdict
            following = next(waiting, None)
            if following is None:
                heir.end()
            else:
                heir.give(following)
                busy.append(heir)


def answer(worker: Worker, files: int, *, hung: bool) -> tuple[Verdict, Worker]:
    """Return a worker's verdict, and the worker or its successor."""
    seed = worker.seed
    if not hung:
        try:
            return (seed, worker.pipe.recv()), worker
        except EOFError:
            pass
    worker.end()
    what = f"no answer within {HUNG} seconds" if hung else f"the process died with {worker.process.exitcode}"
    return (seed, [what]), start(files)
