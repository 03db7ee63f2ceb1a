"""Which batches a Lambda loads, and which go to Glue: by what is known before anything is read, and with the reason in words."""

from dataclasses import dataclass, replace

import pytest

from tests.unit.usecases.world import DELTA, FULL, World, names
from tidegate.contracts.contract import Column, ColumnType, Contract, Kind, LoadMode
from tidegate.model.runs import Compute, DatasetState
from tidegate.usecases.batch import Limits
from tidegate.usecases.routing import NEVER, Thresholds, route, silver_of, text_of

MIB = 1 << 20
UPSERT = Contract("shop", "sales", "1", "x", (Column("id", ColumnType(Kind.STRING), primary_key=True),), LoadMode.UPSERT)
APPEND = replace(UPSERT, load_mode=LoadMode.APPEND)
THRESHOLDS = Thresholds(text=1000 * MIB, silver=500 * MIB, batch=10_000 * MIB, per_worker=400 * MIB, workers=5)
HELD = DatasetState("shop.sales", sizes={"silver.shop_sales": 600 * MIB})


@dataclass(frozen=True)
class File:
    key: str
    size: int


def test_batch_goes_to_glue_above_the_threshold_and_the_reason_says_which() -> None:
    fits, larger = File("a.csv", 1000 * MIB), File("a.csv", 1000 * MIB + 1)
    assert route([fits], UPSERT, DatasetState(""), THRESHOLDS, anew=False).compute is Compute.LAMBDA
    routed = route([larger], UPSERT, DatasetState(""), THRESHOLDS, anew=False)
    assert routed.compute is Compute.GLUE
    assert routed.reason == "1,000.0 MiB of text, a Lambda takes 1,000.0 MiB (LambdaTextBytes)"


@pytest.mark.parametrize(
    ("key", "factor"), [("a.csv", 1), ("a.csv.GZ", 8), ("a.zst", 8), ("a.xlsx", 8), ("a.parquet", 5), ("gz", 1)]
)
def test_packed_file_counts_as_what_is_in_it(key: str, factor: int) -> None:
    assert text_of([File(key, 10), File("b.csv", 1)]) == 10 * factor + 1


def test_large_silver_that_may_be_written_anew_goes_to_glue() -> None:
    routed = route([File("a.csv", 1)], UPSERT, HELD, THRESHOLDS, anew=False)
    assert routed.compute is Compute.GLUE
    assert routed.reason == "600.0 MiB of silver may be written anew, a Lambda takes 500.0 MiB (LambdaSilverBytes)"


def test_few_rows_touch_few_data_files_however_large_the_table_is() -> None:
    seen = replace(HELD, volumes={"delta": [3, 1, 1]})
    assert silver_of(2, UPSERT, seen, anew=False) == 2 * 128 * MIB
    assert silver_of(100, UPSERT, seen, anew=False) == 600 * MIB
    assert route([File("a.csv", 1)] * 2, UPSERT, seen, THRESHOLDS, anew=False).compute is Compute.LAMBDA


def test_full_load_writes_all_of_silver_anew() -> None:
    seen = replace(HELD, volumes={"delta": [1], "full": [1]})
    assert silver_of(1, UPSERT, seen, anew=True) == silver_of(1, APPEND, seen, anew=True) == 600 * MIB


def test_rows_that_are_only_appended_touch_nothing() -> None:
    assert route([File("a.csv", 1)], APPEND, HELD, THRESHOLDS, anew=False).compute is Compute.LAMBDA


@pytest.mark.parametrize(("size", "workers"), [(1, 2), (400, 2), (401, 3), (1200, 4), (100_000, 5)])
def test_workers_follow_the_bytes_up_to_the_most(size: int, workers: int) -> None:
    assert route([File("a.csv", size * MIB)], UPSERT, DatasetState(""), THRESHOLDS, anew=False).workers == workers


class TestClaim:
    @pytest.fixture
    def world(self, world: World) -> World:
        thresholds = replace(NEVER, text=50, batch=200, per_worker=50, workers=4)
        world.limits = Limits(files=100, bytes=30, route=thresholds)
        return world

    def test_many_files_go_to_glue_together_and_fewer_to_a_lambda_as_many_as_it_takes(self, world: World) -> None:
        world.drop(*(DELTA + name for name in "abcdef"))
        claimed = world.claim()
        assert claimed.manifest is not None
        assert claimed.run is not None
        assert (names(claimed.manifest), claimed.run.route, claimed.run.workers) == (list("abcdef"), Compute.GLUE, 3)
        world.settle(claimed.manifest)
        world.drop(*(DELTA + name for name in "ghijk"))
        after = world.claim()
        assert after.manifest is not None
        assert after.run is not None
        assert (names(after.manifest), after.run.route) == (list("ghi"), Compute.LAMBDA)

    def test_glue_too_takes_only_so_much_at_a_time(self, world: World) -> None:
        world.drop(*(f"{DELTA}{n:02d}" for n in range(30)))
        assert [len(batch) for batch in world.drain()] == [20, 10]

    def test_run_record_says_where_and_why(self, world: World) -> None:
        world.drop(FULL + "large", size=60)
        run = world.fake_ledger.run(world.claim().run_id)
        assert run is not None
        assert run.route is Compute.GLUE
        assert run.route_reason == "60 bytes of text, a Lambda takes 50 bytes (LambdaTextBytes)"
