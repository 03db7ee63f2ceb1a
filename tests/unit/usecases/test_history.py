"""Batches compared with what came before: how many rows, and how new they are."""

from pathlib import Path

import pytest

from tests.unit.usecases.shop import CONTRACT, DATASET, DELTA, FULL, Shop
from tests.unit.usecases.test_checks import force, held
from tests.unit.usecases.world import World
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState, Warned
from tidegate.model.selection import Selection

USUAL = "    quality: [{metric: rowCount, unit: percent, arguments: {comparedTo: median, runs: 5}, mustBeBetween: [50, 200]}]\n"


def rows(number: int, first: str) -> list[str]:
    return [f"{first}{n},1,I,Ann" for n in range(number)]


class TestVolume:
    @pytest.fixture
    def shop(self, tmp_path: Path) -> Shop:
        return Shop(tmp_path, text=CONTRACT.replace("customProperties:", USUAL + "customProperties:"))

    def usual(self, shop: Shop, *numbers: int) -> None:
        for place, number in enumerate(numbers):
            shop.drop(f"{DELTA}{place}.csv", *rows(number, f"r{place}-"))
            shop.run()

    def test_delta_far_from_the_median_of_earlier_ones_is_held_and_can_be_forced(self, shop: Shop) -> None:
        self.usual(shop, 6, 5, 7)
        arrival = shop.drop(DELTA + "next.csv", *rows(2, "n"))
        assert "volume: the rows must be from 50 to 200 percent of the median of earlier loads, 2 are 33.3" in held(shop)
        assert shop.world.state(arrival) is FileState.FAILED
        force(shop, arrival)
        assert shop.world.state(arrival) is FileState.LOADED

    @pytest.mark.parametrize("number", [3, 12])
    def test_both_ends_of_what_is_usual_belong_to_it(self, shop: Shop, number: int) -> None:
        self.usual(shop, 6, 5, 7)
        shop.drop(DELTA + "next.csv", *rows(number, "n"))
        assert shop.run().rows_inserted == number

    def test_nothing_is_usual_before_three_loads(self, shop: Shop) -> None:
        self.usual(shop, 6, 1)
        shop.drop(DELTA + "next.csv", *rows(40, "n"))
        assert shop.run().rows_inserted == 40

    def test_files_that_waited_together_are_measured_one_by_one(self, shop: Shop) -> None:
        self.usual(shop, 4, 4, 4)
        for name in "abcde":
            shop.drop(f"{DELTA}{name}.csv", *rows(4, name))
        assert shop.run().rows_inserted == 20

    def test_full_load_is_not_measured_by_deltas(self, shop: Shop) -> None:
        self.usual(shop, 4, 4, 4)
        shop.drop(FULL + "all.csv", *rows(40, "f"))
        assert shop.run().rows_inserted == 40

    def test_replay_does_not_change_what_is_usual(self, shop: Shop) -> None:
        self.usual(shop, 4, 5)
        first = next(f for f in shop.world.fake_ledger.list_files(DATASET))
        shop.world.replay(Selection(file_ids=(first.file_id,)))
        shop.run()
        assert shop.world.fake_ledger.state(DATASET).volumes == {"delta": [4, 5]}

    def test_file_that_is_refused_is_not_among_what_is_usual(self, shop: Shop) -> None:
        self.usual(shop, 4)
        arrival = shop.drop(DELTA + "bad.csv")
        shop.world.bucket.erase(arrival.key, arrival.version_id)
        shop.run()
        assert shop.world.fake_ledger.state(DATASET).volumes == {"delta": [4]}


class TestFreshness:
    """The clock of the tests stands at 2023-11-14T22:13:20Z."""

    def shop(self, place: Path, severity: str) -> Shop:
        text = CONTRACT.replace("at, logicalType: integer, required: true", "at, logicalType: timestamp")
        level = f"customProperties: [{{property: severity, value: {severity}}}]"
        return Shop(place, f"slaProperties: [{{property: freshness, value: 1, unit: d, {level}}}]\n", text=text)

    def test_batch_whose_newest_row_is_too_old_is_held(self, tmp_path: Path) -> None:
        shop = self.shop(tmp_path, "error")
        shop.drop(DELTA + "1.csv", "a,2023-11-13T22:00:00,I,Ann", "b,2023-11-01T00:00:00,I,Bob")
        assert "freshness: the newest at is 872" in held(shop)
        shop.drop(DELTA + "2.csv", "a,2023-11-13T23:00:00,I,Ann")
        shop.run()
        assert [r["id"] for r in shop.rows("silver")] == ["a"]

    def test_late_file_of_a_table_that_is_fresh_is_loaded(self, tmp_path: Path) -> None:
        shop = self.shop(tmp_path, "error")
        shop.drop(DELTA + "1.csv", "a,2023-11-14T22:00:00,I,Ann")
        shop.run()
        shop.drop(DELTA + "2.csv", "b,2020-01-01T00:00:00,I,Bob")
        assert shop.run().rows_inserted == 1

    def test_warning_is_told_with_the_column(self, tmp_path: Path) -> None:
        shop = self.shop(tmp_path, "warning")
        shop.drop(DELTA + "1.csv", "a,2020-01-01T00:00:00,I,Ann")
        assert shop.load(shop.world.claim_manifest(DATASET)).warnings == (Warned("freshness", "at", 1),)

    @pytest.mark.parametrize(
        ("kind", "old", "new"),
        [
            ("date", "2023-11-12", "2023-11-13"),
            ("timestamp, logicalTypeOptions: {timezone: true}", "2023-11-14T00:00:00+02:00", "2023-11-14T00:00:00+01:00"),
        ],
    )
    def test_dates_last_until_their_end_and_instants_know_their_zone(self, tmp_path: Path, kind: str, old: str, new: str) -> None:
        text = CONTRACT.replace("at, logicalType: integer, required: true", f"at, logicalType: {kind}")
        shop = Shop(tmp_path, "slaProperties: [{property: freshness, value: 1, unit: d}]\n", text=text)
        told = []
        for value in (old, new):
            shop.drop(f"{DELTA}{len(told)}.csv", f"a,{value},I,Ann")
            told.append([w.rule for w in shop.load(shop.world.claim_manifest(DATASET)).warnings])
            shop.world.expire()
            shop.world.reconcile()
        assert told == [["freshness"], []]


class TestSilence:
    @pytest.fixture
    def silent(self, world: World) -> World:
        world.publish(version="2.0.0", words="slaProperties: [{property: frequency, value: 1, unit: d}]\n")
        self.load(world)
        return world

    def load(self, world: World) -> Arrival:
        (arrival,) = world.drop(f"demo/events/delta/{world.clock.now}")
        world.settle(world.claim_manifest())
        return arrival

    def look(self, world: World, hours: float) -> dict[str, int]:
        world.clock.pass_seconds(hours * 3600)
        return {name: seconds // 3600 for name, seconds in world.reconcile().silent.items()}

    def test_dataset_from_which_nothing_comes_is_told_once_for_each_silence(self, silent: World) -> None:
        assert [self.look(silent, h) for h in (12, 13, 24)] == [{}, {"demo.events": 25}, {}]
        self.load(silent)
        assert [self.look(silent, h) for h in (2, 23, 3)] == [{}, {"demo.events": 25}, {}]

    def test_replay_breaks_no_silence(self, silent: World) -> None:
        first = next(silent.fake_ledger.list_files("demo.events"))
        silent.clock.pass_seconds(20 * 3600)
        silent.replay(Selection(file_ids=(first.file_id,)))
        silent.settle(silent.claim_manifest())
        assert self.look(silent, 6) == {"demo.events": 26}

    def test_dataset_whose_contract_expects_nothing_is_never_silent(self, world: World) -> None:
        self.load(world)
        assert self.look(world, 10_000) == {}
