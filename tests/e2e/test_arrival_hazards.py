"""Each hazard of an arrival on the deployed stack, down to the rows: what is announced is the test's own choice."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.laptop import Laptop
from tests.e2e.datasets import readings
from tests.e2e.moments import until
from tests.e2e.wire import Wire, cut, names
from tests.messages import notification
from tidegate.model.files import FileState

S = FileState
TWICE, ORDER, BEFORE, DURING, AFTER, TEN, GONE, PARTIAL = (
    f"hazard.{name}" for name in ("twice", "shuffled", "before", "during", "after", "ten", "gone", "partial")
)
HERE, THERE, OLD, KEYS, LATE = (f"hazard.{name}" for name in ("here", "there", "old", "names", "late"))
TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "landing"}
ODD = ["a b", "a+b", "a%20b", "day=1", "Zürich-患者-😀", "../../x", "../../../../../../tmp/tidegate-was-here"]
LONGEST = 1024


def key(dataset: str, name: str = "a.csv") -> str:
    return f"{dataset.replace('.', '/')}/delta/{name}"


@pytest.fixture(scope="module")
def wire(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with cut(laptop) as made:
        known = (TWICE, ORDER, BEFORE, DURING, AFTER, TEN, GONE, PARTIAL, HERE, THERE, OLD, KEYS)
        made.publish(tmp_path_factory.mktemp("hazards"), *known)
        yield made


def test_message_that_comes_again_also_with_another_event_time_is_loaded_once(wire: Wire) -> None:
    a = wire.put(key(TWICE), readings(5))
    first, later = notification(a), notification(a, time="2031-12-31T23:59:59.999Z")
    assert wire.hear(first, first, later) == []
    wire.rest(TWICE)
    before = wire.trace(TWICE)
    assert wire.hear(later, first) == []
    wire.rest(TWICE)
    assert wire.trace(TWICE) == before
    assert (wire.ids("bronze", TWICE), wire.runs(TWICE)) == (names(5), ["SUCCEEDED"])


def test_versions_announced_in_reverse_end_with_the_rows_of_the_newest(wire: Wire) -> None:
    versions = [wire.put(key(ORDER), readings(5, first=10 * n)) for n in range(3)]
    assert wire.hear(notification(versions[1])) == []
    assert wire.hear(notification(versions[2]), notification(versions[0])) == []
    wire.rest(ORDER)
    assert wire.states(*versions) == [S.SUPERSEDED, S.SUPERSEDED, S.LOADED]
    assert wire.ids("bronze", ORDER) == wire.ids("silver", ORDER) == names(5, first=20)


class TestOverwritten:
    def test_before_its_first_load_by_records_of_one_event(self, wire: Wire) -> None:
        old, new = wire.put(key(BEFORE), readings(5)), wire.put(key(BEFORE), readings(5, first=10))
        assert wire.hear(notification(old, new)) == []
        wire.rest(BEFORE)
        assert (wire.states(old, new), wire.runs(BEFORE)) == ([S.SUPERSEDED, S.LOADED], ["SUCCEEDED"])
        assert wire.ids("bronze", BEFORE) == wire.ids("silver", BEFORE) == names(5, first=10)

    def test_during_its_load(self, wire: Wire) -> None:
        old = wire.put(key(DURING), readings(100_000))
        wire.hear(notification(old))
        with wire.during_its_load(old):
            new = wire.put(key(DURING), readings(5, first=99_998))
            assert wire.hear(notification(new)) == []
            assert wire.states(old, new) == [S.CLAIMED, S.PENDING]
        wire.rest(DURING)
        assert (wire.states(old, new), wire.runs(DURING)) == ([S.SUPERSEDED, S.LOADED], ["SUCCEEDED"] * 2)
        assert wire.ids("bronze", DURING) == wire.ids("silver", DURING) == names(5, first=99_998)

    def test_after_its_load_and_its_old_event_comes_again(self, wire: Wire) -> None:
        old = wire.put(key(AFTER), readings(5))
        wire.hear(notification(old))
        wire.rest(AFTER)
        new = wire.put(key(AFTER), readings(5, first=3))
        wire.hear(notification(new))
        wire.rest(AFTER)
        assert wire.hear(notification(old)) == []
        wire.rest(AFTER)
        assert wire.states(old, new) == [S.SUPERSEDED, S.LOADED]
        assert wire.ids("bronze", AFTER) == wire.ids("silver", AFTER) == names(5, first=3)


def test_one_bad_message_of_ten_comes_again_alone_and_ends_in_the_dlq_while_nine_are_loaded(wire: Wire) -> None:
    arrivals = [wire.put(key(TEN, f"{n}.csv"), readings(2, first=10 * n)) for n in range(10)]
    messages = [notification(a) for a in arrivals]
    messages[6]["Records"][0]["eventVersion"] = "3.0"
    letters = _through_the_queue(wire.laptop, messages)
    assert [json.loads(letter) for letter in letters] == [messages[6]]
    wire.rest(TEN)
    good = [a for n, a in enumerate(arrivals) if n != 6]
    assert (wire.states(*good), wire.ledger.files([arrivals[6].file_id])) == ([S.LOADED] * 9, {})
    assert wire.hear(*messages) == ["m6"]
    wire.rest(TEN)
    assert wire.ids("bronze", TEN) == [name for n in range(10) if n != 6 for name in names(2, first=10 * n)]


def test_test_event_and_delete_events_are_acknowledged_and_change_nothing(wire: Wire) -> None:
    a = wire.put(key(GONE), readings(5))
    wire.hear(notification(a), TEST_EVENT)
    wire.rest(GONE)
    before = wire.trace(GONE)
    wire.laptop.client("s3").delete_object(Bucket=a.bucket, Key=a.key)
    gone = replace(a, sequencer="F" * 18)
    assert wire.hear(TEST_EVENT, notification(gone, name="ObjectRemoved:DeleteMarkerCreated")) == []
    wire.rest(GONE)
    assert (wire.trace(GONE), wire.ids("silver", GONE)) == (before, names(5))


def test_event_without_a_sequencer_or_a_version_id_is_loaded_once(wire: Wire) -> None:
    a, b = (wire.put(key(PARTIAL, name), readings(5, first=first)) for name, first in (("a.csv", 0), ("b.csv", 10)))
    assert wire.hear(notification(replace(a, sequencer="")), notification(replace(b, version_id=""))) == []
    wire.rest(PARTIAL)
    assert wire.ids("bronze", PARTIAL) == [*names(5), *names(5, first=10)]
    assert wire.hear(notification(a), notification(b)) == []
    wire.rest(PARTIAL)
    assert wire.states(a, b) == [S.LOADED, S.LOADED]
    assert wire.ids("bronze", PARTIAL) == wire.ids("silver", PARTIAL) == [*names(5), *names(5, first=10)]


def test_key_of_any_characters_is_loaded_under_its_own_name(wire: Wire) -> None:
    longest = [fill * ((LONGEST - len(key(KEYS, ""))) // len(fill.encode())) for fill in ("x", "ü")]
    arrivals = [wire.put(key(KEYS, name), readings(1, first=n)) for n, name in enumerate([*ODD, *longest])]
    assert wire.hear(notification(*arrivals)) == []
    wire.rest(KEYS)
    assert wire.states(*arrivals) == [S.LOADED] * len(arrivals)
    assert wire.rows("bronze", KEYS, "reading_id", "_object_key") == [(names(1, n)[0], a.key) for n, a in enumerate(arrivals)]
    assert not Path("/tmp/tidegate-was-here").exists()


def test_same_file_name_in_two_datasets_at_the_same_millisecond_is_two_files(wire: Wire) -> None:
    here, there = wire.put(key(HERE), readings(3)), wire.put(key(THERE), readings(4))
    there = replace(there, sequencer=here.sequencer)
    assert wire.hear(notification(here, there, time="2024-01-01T00:00:00.123Z")) == []
    wire.rest(HERE, THERE)
    assert [wire.ids("silver", d) for d in (HERE, THERE)] == [names(3), names(4)]


def test_message_of_a_file_that_was_loaded_many_tokens_ago_changes_nothing(wire: Wire) -> None:
    first = wire.put(key(OLD), readings(5))
    wire.hear(notification(first))
    for number in range(1, 3):
        wire.rest(OLD)
        wire.hear(notification(wire.put(key(OLD, f"{number}.csv"), readings(2, first=10 * number))))
    wire.rest(OLD)
    assert wire.ledger.lease(OLD).token == 3
    before = wire.trace(OLD)
    assert wire.hear(notification(first)) == []
    wire.rest(OLD)
    assert wire.trace(OLD) == before


def test_file_that_came_before_its_contract_is_loaded_after_publish_and_replay(wire: Wire, tmp_path: Path) -> None:
    early = wire.put(key(LATE, "early.csv"), readings(5))
    assert wire.hear(notification(early)) == []
    assert (wire.states(early), wire.file(early).reason.split(":")[0]) == ([S.QUARANTINED], "NO_CONTRACT")
    wire.publish(tmp_path, LATE)
    late = wire.put(key(LATE, "late.csv"), readings(5, first=10))
    assert wire.hear(notification(early), notification(late)) == []
    wire.rest(LATE)
    assert wire.states(early, late) == [S.QUARANTINED, S.LOADED]
    assert [f["key"] for f in wire.laptop.json("replay", "--file", early.file_id)["files"]] == [early.key]
    wire.rest(LATE)
    assert (wire.states(early), wire.ids("silver", LATE)) == ([S.LOADED], [*names(5), *names(5, first=10)])


def _through_the_queue(laptop: Laptop, messages: list[dict[str, Any]]) -> list[str]:
    """Send a batch by way of the arrivals queue; wait for its DLQ and return what is in there."""
    sqs, queue, dlq = laptop.client("sqs"), laptop.stack.outputs["ArrivalsQueue"], laptop.stack.outputs["ArrivalsDlq"]
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    found: list[str] = []

    def taken() -> bool:
        for message in sqs.receive_message(QueueUrl=dlq, MaxNumberOfMessages=10).get("Messages", []):
            found.append(message["Body"])
            sqs.delete_message(QueueUrl=dlq, ReceiptHandle=message["ReceiptHandle"])
        return bool(found)

    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    try:
        sqs.send_message_batch(
            QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": json.dumps(m)} for n, m in enumerate(messages)]
        )
        until(taken, "no message came to the DLQ")
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=before)
    return found
