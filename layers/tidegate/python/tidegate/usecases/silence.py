"""Datasets from which nothing comes, although their contract says how often something should."""

from tidegate.contracts.publish import current
from tidegate.errors import TidegateError
from tidegate.usecases.ingest import Register

_CURSOR = "silence"
_MICROSECONDS = 1_000_000


def tell_silence(register: Register, silent: dict[str, int], errors: dict[str, str]) -> None:
    """Add to `silent` the datasets that fell silent since the last look, with the seconds since something new was loaded.

    What was told is kept in the ledger until the dataset is heard of again. A dataset that never loaded anything is not silent yet.
    """
    ledger, now = register.waker.ledger, register.waker.clock()
    told = set(str(ledger.cursor(_CURSOR).get("told", "")).split())
    quiet: dict[str, int] = {}
    for dataset in ledger.datasets():
        try:
            published = current(dataset, register.lake)
            if published is None or published.every is None:
                continue
            loaded_at = ledger.state(dataset).loaded_at
        except TidegateError as error:
            errors[dataset] = f"{type(error).__name__}: {error}"
            quiet |= {dataset: 0} if dataset in told else {}
            continue
        seconds = (now - loaded_at) // _MICROSECONDS
        if loaded_at and seconds > published.every:
            quiet[dataset] = seconds
    silent |= {dataset: seconds for dataset, seconds in quiet.items() if dataset not in told}
    if quiet.keys() != told:
        ledger.keep_cursor(_CURSOR, {"told": " ".join(sorted(quiet))})
