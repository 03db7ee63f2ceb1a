"""Maintain: on a schedule, keep the tables of every dataset in order, one dataset after the other until time runs out."""

from dataclasses import dataclass, field

from tidegate.errors import NotFound, TidegateError
from tidegate.model.upkeep import Tended
from tidegate.usecases.maintain_dataset import KEEPER, Keeping, tend


@dataclass
class Maintained:
    """What was done; datasets that needed nothing are not named. `errors` are datasets that could not be tended, with why.

    `looked` counts datasets. With `more` time ran out before all had their turn; the next call goes on after the dataset `after`.
    """

    datasets: list[Tended] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    looked: int = 0
    more: bool = False
    after: str = ""


def maintain(keeping: Keeping, *, dataset: str = "", after: str = "", urgent: bool = False, dry_run: bool = False) -> Maintained:
    """Tend one dataset, or all of them by name, those after `after`; without that the schedule goes on where it stopped.

    One dataset's error leaves the others alone.

    Raises:
        NotFound: the dataset never had a file.
    """
    ledger, done = keeping.desk.ledger, Maintained()
    names = sorted(ledger.datasets())
    if dataset and dataset not in names:
        raise NotFound(f"{dataset} never had a file; `tidegate status` lists the datasets")
    scheduled = not (dataset or after or urgent or dry_run)
    done.after = str(ledger.cursor(KEEPER).get("after", "")) if scheduled else after
    for name in [dataset] if dataset else [n for n in names if n > done.after]:
        if keeping.is_late:
            done.more = True
            break
        try:
            tended = tend(name, keeping, urgent=urgent or bool(dataset), dry_run=dry_run)
        except TidegateError as error:
            done.errors[name] = f"{type(error).__name__}: {error}"
        else:
            done.datasets += [tended] if tended != Tended(name) else []
        done.looked += 1
        done.after = name
    if scheduled:
        ledger.keep_cursor(KEEPER, {"after": done.after if done.more else ""})
    return done
