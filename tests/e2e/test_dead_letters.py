"""Both dead-letter queues on the deployed stack: what is in them comes back by one command, whoever put it there."""

import json
from pathlib import Path
from typing import Any

from local.laptop import Laptop
from tests.e2e.datasets import readings
from tests.e2e.moments import until
from tests.e2e.wire import Wire, cut
from tests.messages import batch, notification
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState
from tidegate.model.run_names import execution_name

S = FileState
OUTAGE, MISPLACED, STOPPED = "letters.outage", "letters.misplaced", "letters.stopped"


def post(laptop: Laptop, queue: str, body: object) -> None:
    laptop.client("sqs").send_message(QueueUrl=laptop.stack.outputs[queue], MessageBody=json.dumps(body))


def file(wire: Wire, dataset: str, rows: int = 3) -> Arrival:
    return wire.put(f"{dataset.replace('.', '/')}/delta/a.csv", readings(rows))


def about(laptop: Laptop, dataset: str) -> list[dict[str, Any]]:
    """Return the letters in the failures DLQ that name a dataset anywhere."""
    return [letter for letter in laptop.letters() if dataset in json.dumps(letter)]


def test_arrivals_that_ingest_could_not_register_are_loaded_after_a_redrive(laptop: Laptop, tmp_path: Path) -> None:
    """As after an outage; one of them was put there by Lambda, and came from no queue."""
    with cut(laptop) as wire:
        wire.publish(tmp_path, OUTAGE)
        arrival = file(wire, OUTAGE)
        post(laptop, "ArrivalsDlq", notification(arrival))
        assert laptop.json("redrive", "--dry-run") == {"waiting": 1, "moved": 0, "dry_run": True}
        assert laptop.json("redrive")["moved"] == 1
        until(lambda: bool(wire.ledger.files([arrival.file_id])), "the message never reached ingest")
        wire.rest(OUTAGE)
        assert wire.states(arrival) == [S.LOADED]
        assert laptop.json("redrive")["waiting"] == 0


def test_raw_batch_in_the_failures_dlq_is_registered_loaded_and_gone(laptop: Laptop, tmp_path: Path) -> None:
    with cut(laptop) as wire:
        wire.publish(tmp_path, MISPLACED)
        arrival = file(wire, MISPLACED)
        post(laptop, "FailuresDlq", batch(notification(arrival)))
        preview = laptop.json("replay", "--letters", "10", "--dataset", MISPLACED, "--dry-run")
        assert preview["letters"] == 1
        assert wire.ledger.files([arrival.file_id]) == {}
        assert laptop.json("replay", "--letters", "10", "--dataset", MISPLACED)["letters"] == 1
        wire.rest(MISPLACED)
        assert wire.states(arrival) == [S.LOADED]
        assert about(laptop, MISPLACED) == []


def test_stopped_execution_leaves_a_letter_and_replaying_it_takes_the_dataset_over_at_once(laptop: Laptop, tmp_path: Path) -> None:
    """The lease of this stack has half an hour to go."""
    with cut(laptop) as wire:
        wire.publish(tmp_path, STOPPED)
        arrival = file(wire, STOPPED, rows=50_000)
        wire.hear(notification(arrival))
        machine = laptop.stack.outputs["StateMachine"].replace(":stateMachine:", ":execution:")
        with wire.during_its_load(arrival):
            laptop.client("stepfunctions").stop_execution(executionArn=f"{machine}:{execution_name(STOPPED, 1)}")
        until(lambda: bool(about(laptop, STOPPED)), "nobody was told of the stopped execution", pause=0.5)
        assert wire.ledger.lease(STOPPED).held
        assert laptop.json("replay", "--letters", "10", "--dataset", STOPPED)["letters"] == 1
        wire.rest(STOPPED)
        assert wire.states(arrival) == [S.LOADED]
        assert wire.runs(STOPPED) == ["ABORTED", "SUCCEEDED"]
        assert len(wire.ids("silver", STOPPED)) == 50_000
        assert about(laptop, STOPPED) == []
