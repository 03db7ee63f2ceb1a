"""Readers and deltas beside full loads, and executions that somebody stops: what is announced is the test's own choice."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import awswrangler as wr
import pytest

from local.laptop import Laptop
from tests.e2e.datasets import readings
from tests.e2e.moments import lapse, until
from tests.e2e.wire import Wire, cut, names
from tests.messages import notification
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState
from tidegate.model.run_names import execution_name

S = FileState
SWAP, DELTAS, BY_ARRIVAL, BY_RECONCILE = "loads.swap", "loads.deltas", "stopped.by_arrival", "stopped.by_reconcile"
MANY = 50_000  # rows enough to look at a run while it loads


@pytest.fixture(scope="module")
def wire(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with cut(laptop) as made:
        made.publish(tmp_path_factory.mktemp("loads"), SWAP, DELTAS)
        yield made


def put(wire: Wire, dataset: str, name: str, body: bytes = b"") -> Arrival:
    return wire.put(f"{dataset.replace('.', '/')}/{name}", body)


class TestReader:
    def test_sees_the_old_or_the_new_complete_table_and_never_another_during_a_swap(self, wire: Wire) -> None:
        old, new = {"loaded": 3_000, "from": 0}, {"loaded": MANY, "from": 2_000}
        _full_load(wire, "1", old)
        wire.rest(SWAP)
        by_catalog, by_athena = [_by_catalog(wire)], [_by_athena(wire)]
        marker = _full_load(wire, "2", new)
        with wire.during_its_load(marker):
            by_catalog.append(_by_catalog(wire))
            by_athena.append(_by_athena(wire))
        while wire.ledger.lease(SWAP).held:
            by_catalog.append(_by_catalog(wire))
            by_athena.append(_by_athena(wire))
        by_catalog.append(_by_catalog(wire))
        by_athena.append(_by_athena(wire))
        for seen in (by_catalog, by_athena):
            assert (seen[0], seen[-1], [s for s in seen if s not in (old, new)]) == (old, new, [])
            assert seen == sorted(seen, key=lambda s: s == new), "the old table came back"


class TestDeltas:
    def test_before_during_and_after_a_full_load_of_parts_end_as_a_fold_in_order_of_arrival(self, wire: Wire) -> None:
        said: dict[str, list[str]] = {}

        def arrives(name: str, count: int = 10, first: int = 0) -> Arrival:
            arrival = put(wire, DELTAS, name, readings(count, first=first))
            said[arrival.key] = list(names(count, first))
            assert wire.hear(notification(arrival)) == []
            return arrival

        before = arrives("delta/before.csv", first=0)
        wire.rest(DELTAS)
        arrives("full/1/a.csv", count=MANY, first=5)
        between = arrives("delta/between.csv", first=8)
        arrives("full/1/b.csv", first=MANY)
        parts = arrives("delta/before_the_marker.csv", first=MANY + 5)
        wire.rest(DELTAS)
        assert _silver(wire) == _fold(said, before, between, parts), "parts show before their marker is there"
        marker = put(wire, DELTAS, "full/1/_SUCCESS")
        wire.hear(notification(marker))
        with wire.during_its_load(marker):
            during = arrives("delta/during.csv", first=MANY + 8)
            assert wire.states(marker, during) == [S.CLAIMED, S.PENDING]
        wire.rest(DELTAS)
        arrives("delta/after.csv", first=2)
        wire.rest(DELTAS)
        epoch = {key: ids for key, ids in said.items() if key != before.key}
        assert _silver(wire) == _fold(epoch)
        assert len(wire.ids("bronze", DELTAS)) == sum(map(len, said.values()))
        assert {f.state for f in wire.ledger.list_files(DELTAS)} == {S.LOADED}
        assert set(wire.runs(DELTAS)) == {"SUCCEEDED"}


def test_files_of_a_stopped_execution_resume_after_its_lease_by_the_next_arrival_or_by_reconcile(
    wire: Wire, tmp_path: Path
) -> None:
    wire.publish(tmp_path, BY_ARRIVAL, BY_RECONCILE)
    files = {dataset: _stopped(wire, dataset) for dataset in (BY_ARRIVAL, BY_RECONCILE)}
    assert [wire.runs(d) for d in files] == [["RUNNING"]] * 2
    following = notification(put(wire, BY_ARRIVAL, "delta/next.csv", readings(5, first=MANY)))
    until(lambda: _is_overtaken(wire, BY_ARRIVAL, lambda: wire.hear(following)), "no arrival took the lease over")
    until(lambda: _is_overtaken(wire, BY_RECONCILE, wire.laptop.reconcile), "reconcile did not take the lease over")
    wire.rest(*files)
    until(lambda: len(wire.laptop.letters()) >= len(files), "nobody was told of the stopped executions")
    wire.laptop.run("replay", "--letters", "10")
    assert wire.laptop.letters() == []
    wire.rest(*files)
    assert [(wire.runs(d)[0], set(wire.runs(d)[1:])) for d in files] == [("ABORTED", {"SUCCEEDED"})] * 2
    assert [f.state for d in files for f in wire.ledger.list_files(d)] == [S.LOADED] * 3
    for layer in ("bronze", "silver"):
        assert [len(wire.ids(layer, d)) for d in files] == [MANY + 5, MANY]


def _stopped(wire: Wire, dataset: str) -> Arrival:
    """Drop a file, and stop the execution that loads it."""
    file = put(wire, dataset, "delta/a.csv", readings(MANY))
    wire.hear(notification(file))
    machine = wire.laptop.stack.outputs["StateMachine"].replace(":stateMachine:", ":execution:")
    arn = f"{machine}:{execution_name(dataset, 1)}"
    states = wire.laptop.client("stepfunctions")
    with wire.during_its_load(file):
        states.stop_execution(executionArn=arn, error="Stopped", cause="by a person")
    assert states.describe_execution(executionArn=arn)["status"] == "ABORTED"
    return file


def _is_overtaken(wire: Wire, dataset: str, wakes: Callable[[], object]) -> bool:
    """Let the lease of the first run end and wake the dataset: the function of its stopped execution, still at work, may hold it anew."""
    lapse(wire.laptop, dataset)
    wakes()
    return wire.ledger.lease(dataset).token > 1


def _full_load(wire: Wire, load: str, rows: dict[str, int]) -> Arrival:
    """Drop a full load of two parts and its marker; return the marker."""
    half = rows["loaded"] // 2
    parts = [put(wire, SWAP, f"full/{load}/{n}.csv", readings(half, first=rows["from"] + n * half)) for n in range(2)]
    marker = put(wire, SWAP, f"full/{load}/_SUCCESS")
    assert wire.hear(*map(notification, [*parts, marker])) == []
    return marker


def _by_catalog(wire: Wire) -> dict[str, int]:
    found = wire.ids("silver", SWAP)
    assert len(set(found)) == len(found)
    return {"loaded": len(found), "from": int(found[0][1:])} if found else {}


def _by_athena(wire: Wire) -> dict[str, int]:
    sql = "SELECT count(DISTINCT reading_id) AS loaded, min(reading_id) AS first FROM loads_swap"
    stack = wire.laptop.stack
    frame = wr.athena.read_sql_query(
        sql, f"{stack.name}_silver", ctas_approach=False, athena_query_wait_polling_delay=0.1, workgroup=stack.outputs["Workgroup"]
    )
    row: dict[str, Any] = frame.to_dict("records")[0]
    return {"loaded": int(row["loaded"]), "from": int(str(row["first"])[1:])}


def _silver(wire: Wire) -> dict[str, str]:
    return dict(wire.rows("silver", DELTAS, "reading_id", "_object_key"))


def _fold(said: dict[str, list[str]], *only: Arrival) -> dict[str, str]:
    """Say which file each row is from, when the newest arrival wins."""
    chosen = {a.key for a in only} or set(said)
    return {row: key for key, rows in said.items() if key in chosen for row in rows}
