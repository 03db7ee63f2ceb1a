"""Fuzz the row engine: random files in, and whatever is not as the reference says comes out, as small as it goes, in .fuzz/.

python -m scripts.fuzz --inputs 100000 --seed 0
python -m scripts.fuzz --replay .fuzz/17.json
"""

import argparse
import sys
import time
from pathlib import Path

from tests.awkward.check import slow_cases
from tests.fuzz.cases import drawn, load, save
from tests.fuzz.judge import judge, smallest
from tests.fuzz.workers import HUNG, verdicts

KEPT = Path(".fuzz")
FILES = 40  # in a batch: the engine bundles small files, so a batch costs little more than a file
ENOUGH = 20
EVERY = 100


def main() -> int:
    """Run what the command line says; the exit code is 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="files to make and read")
    parser.add_argument("--seed", type=int, default=0, help="where the random numbers begin")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--replay", type=Path, help="a case in .fuzz/")
    options = parser.parse_args()
    if options.replay:
        return replay(options.replay)
    return hunt(options.inputs, options.seed, options.processes) or slow()


def replay(path: Path) -> int:
    """Judge one kept case."""
    found = judge(load(path))
    print("\n".join(found) or "engine and reference agree")
    return int(bool(found))


def hunt(inputs: int, seed: int, processes: int) -> int:
    """Judge batches until all inputs are used or enough is wrong."""
    started, wrong, done = time.monotonic(), 0, 0
    batches = -(-inputs // FILES)
    first = seed * batches
    for done, (number, found) in enumerate(verdicts(range(first, first + batches), FILES, processes), 1):
        if found:
            wrong += 1
            keep(number, found)
        if done % EVERY == 0 or done == batches:
            print(
                f"{done * FILES:>9,} files in {time.monotonic() - started:,.0f} s, {wrong} of {done:,} batches are wrong",
                flush=True,
            )
        if wrong >= ENOUGH:
            print(f"stopped: {wrong} are enough to begin with")
            return 1
    if done != batches:
        print(f"only {done:,} of {batches:,} batches were judged")
    return int(wrong > 0 or done != batches)


def keep(number: int, found: list[str]) -> None:
    """Make a wrong case small and save it; one that hung or died is kept as it is."""
    case, path = drawn(number, FILES), KEPT / f"{number}.json"
    save(case, found, path)
    if str(HUNG) not in found[0] and "the process died" not in found[0]:
        case = smallest(case)
        found = judge(case) or found
        save(case, found, path)
    print(f"batch {number}: {found[0].strip()}\n  replay: .venv/bin/python -m scripts.fuzz --replay {path}", flush=True)


def slow() -> int:
    """Read the awkward files that are too large for `make test`."""
    wrong = 0
    for name, error in slow_cases():
        wrong += error is not None
        print(f"{name}: {error or 'as it should be'}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
