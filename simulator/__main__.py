"""Search random histories for one in which a row is lost or doubled: `make simulate HISTORIES=10000`.

--histories N    how many; each has a seed of its own
--seed S         the first seed
--replay FILE    play one written-down history and print what happens in it
--mutations      break the code in 29 ways, one at a time, and see that each is noticed
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from simulator.choices import Choices, shrink
from simulator.story import Outcome, play

FOLDER = Path(".simulate")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--mutations", action="store_true")
    arguments = parser.parse_args()
    if arguments.replay:
        sys.exit(tell(play(Choices(given=json.loads(arguments.replay.read_text(encoding="utf-8"))["choices"]))))
    if arguments.mutations:
        from simulator.mutations import table

        sys.exit(table(arguments.histories, arguments.seed))
    sys.exit(search(range(arguments.seed, arguments.seed + arguments.histories)))


def search(seeds: Sequence[int]) -> int:
    """Play a history for each seed; print the figures, or the smallest history that breaks. Return the exit code."""
    began, steps, calm = time.monotonic(), 0, 0
    injected: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for number, seed in enumerate(seeds, 1):
        outcome = play(Choices(seed))
        steps, calm = steps + outcome.steps, calm + outcome.calm
        injected.update(outcome.injected)
        states.update(outcome.states)
        if outcome.violations:
            print(f"seed {seed} breaks after {number} histories: {outcome.violations[0]}; making it smaller …", flush=True)
            return tell(_smallest(outcome), write_to=FOLDER / f"history-{seed}.json")
    print(f"histories   {len(seeds)}, {calm} of them without a fault\nsteps       {steps}")
    print(f"faults      {sum(injected.values())}: {_counted(injected)}\nfiles       {_counted(states)}")
    print(f"violations  0\ntook        {time.monotonic() - began:.0f} s")
    return 0


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _smallest(broken: Outcome) -> Outcome:
    kind = _kind(broken.violations[0])
    drawn = shrink(broken.drawn, lambda numbers: kind in map(_kind, play(Choices(given=numbers)).violations))
    return play(Choices(given=drawn))


def _kind(violation: str) -> str:
    """Return the words of a violation without the names in it."""
    return " ".join(word for word in violation.split() if word.isalpha())


def tell(outcome: Outcome, write_to: Path | None = None) -> int:
    """Print a history and what it breaks."""
    print("\n".join(outcome.trace))
    for violation in outcome.violations:
        print(f"BROKEN: {violation}")
    if write_to and outcome.violations:
        write_to.parent.mkdir(exist_ok=True)
        write_to.write_text(json.dumps({"choices": outcome.drawn, "violations": outcome.violations}), encoding="utf-8")
        print(f"play it again: .venv/bin/python -m simulator --replay {write_to}")
    return bool(outcome.violations)


if __name__ == "__main__":
    main()
