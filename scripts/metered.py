"""What the local meter counted, as usage that can be priced."""

from collections import Counter
from typing import Any

from local.laptop import Laptop
from tidegate.cost.deployment import VERBS
from tidegate.cost.usage import Usage


def metered(here: Laptop, files: int, runs: int) -> Usage:
    """Return what so many files and runs used since the meter was last asked; it begins anew."""
    return usage_of(here.ask("/_tidegate/meter", b""), files, runs)


def usage_of(counts: dict[str, Any], files: int, runs: int) -> Usage:
    """Return usage from the meter's counts.

    An item written in a transaction costs twice; the item of each file and each run is written once more, into the index that lists
    it. S3's messages are sent to the queue at our expense, and Lambda asks for them and deletes them: three requests for a message.
    """
    by_verb = [(_verb(name), entry) for name, entry in counts["invocations"].items()]
    invocations: Counter[str] = Counter()
    milliseconds: Counter[str] = Counter()
    for verb, entry in by_verb:
        invocations[verb] += int(entry["count"])
        milliseconds[verb] += entry["milliseconds"]
    return Usage(
        invocations={verb: float(n) for verb, n in sorted(invocations.items())},
        milliseconds={verb: round(n, 1) for verb, n in sorted(milliseconds.items())},
        transitions=_total(counts, "transitions"),
        writes=2 * _total(counts, "writes", "transactional") + _total(counts, "writes", "single") + files + runs,
        reads=2 * _total(counts, "reads", "transactional") + _total(counts, "reads", "items"),
        puts=sum(_total(counts, "requests", f"s3.{kind}") for kind in ("PUT", "LIST", "POST")),
        gets=sum(_total(counts, "requests", f"s3.{kind}") for kind in ("GET", "HEAD")),
        catalog=_total(counts, "requests", "glue."),
        messages=_total(counts, "notifications") + 2 * invocations["ingest"] + _total(counts, "requests", "sqs."),
        notices=counts.get("transitions", {}).get("Notify", 0),
        secrets=_total(counts, "requests", "secretsmanager."),
    )


def quiet(here: Laptop) -> None:
    """Stop the schedules: what they cost is counted by itself, and not with whatever is measured when they come."""
    events = here.client("events")
    for rule in events.list_rules()["Rules"]:
        if "ScheduleExpression" in rule:
            events.disable_rule(Name=rule["Name"])


def _total(counts: dict[str, Any], kind: str, name: str = "") -> int:
    return sum(n for key, n in counts.get(kind, {}).items() if key.startswith(name))


def _verb(function: str) -> str:
    """Return the verb of a function's physical name, `<stack>-<Verb>Function-<letters>`."""
    (verb,) = [verb for verb in VERBS if f"-{verb.capitalize()}Function" in function or function.endswith(f"-{verb}")]
    return verb
