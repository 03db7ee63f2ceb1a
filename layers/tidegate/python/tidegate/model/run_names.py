"""Names of runs and of their executions: they follow from the dataset, the lease and the number of the run under it."""

import hashlib

_NAME_LENGTH = 60


def run_id_of(dataset: str, token: int, batch: int) -> str:
    """Return the deterministic id of the `batch`-th run under a lease."""
    return f"{dataset}-{token:06d}-{batch:04d}"


def place_of_run(run_id: str) -> tuple[int, int]:
    """Return the token and the batch of a run's id: of two runs of a dataset the later one has the greater pair."""
    token, batch = run_id.rsplit("-", 2)[1:]
    return int(token), int(batch)


def execution_name(dataset: str, token: int) -> str:
    """Return the Step Functions execution name of a lease: at most 80 of the characters it allows, unique to dataset and token."""
    name = dataset.replace(".", "-")
    if len(name) > _NAME_LENGTH:  # cut names stay unique by a digest of the whole
        name = f"{name[: _NAME_LENGTH - 9]}-{hashlib.sha256(dataset.encode()).hexdigest()[:8]}"
    return f"{name}-{token:06d}"
