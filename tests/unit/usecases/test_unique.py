"""Unique values across files: the batch is held, or warned of, and replays change nothing."""

from pathlib import Path

import pytest

from tests.unit.usecases.shop import CONTRACT, DATASET, DELTA, FULL, Shop
from tests.unit.usecases.test_checks import force, held
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState, Warned
from tidegate.model.selection import Selection

PLAIN = "{name: name, logicalType: string, required: true}"
COLUMN = "{name: name, logicalType: string, unique: true}"


def shop_of(place: Path, mode: str = "upsert", column: str = COLUMN) -> Shop:
    text = CONTRACT.replace(PLAIN, column)
    if mode != "upsert":
        text = text.replace(", primaryKey: true", "").replace("value: upsert", f"value: {mode}")
        text = "\n".join(line for line in text.splitlines() if "deleteWhen" not in line) + "\n"
    return Shop(place, text=text)


def replayed(shop: Shop, *arrivals: Arrival) -> list[tuple[str, int]]:
    shop.world.replay(Selection(file_ids=tuple(a.file_id for a in arrivals)))
    shop.run()
    return shop.silver


@pytest.mark.parametrize("mode", ["upsert", "append"])
class TestModes:
    def test_batch_that_repeats_what_another_file_has_is_held_and_can_be_forced(self, tmp_path: Path, mode: str) -> None:
        shop = shop_of(tmp_path, mode)
        shop.drop(DELTA + "1.csv", "a,1,I,Ann")
        shop.run()
        second = shop.drop(DELTA + "2.csv", "b,1,I,Ann", "c,1,I,Cy")
        assert "unique of name: 1 of 2 rows have values that another row of the table has too" in held(shop)
        assert (shop.world.state(second), shop.silver) == (FileState.FAILED, [("a", 1)])
        force(shop, second)
        assert len(shop.silver) == 3

    def test_of_two_files_of_a_batch_that_have_one_value_the_later_one_is_held(self, tmp_path: Path, mode: str) -> None:
        shop = shop_of(tmp_path, mode)
        files = [shop.drop(DELTA + "1.csv", "a,1,I,Ann"), shop.drop(DELTA + "2.csv", "b,1,I,Ann")]
        others = [shop.drop(f"{DELTA}{n}.csv", f"c{n},1,I,Bob{n}") for n in range(3, 6)]
        assert "2 of 5 rows" in held(shop)
        assert shop.world.states(*files, *others) == [FileState.LOADED, FileState.FAILED, *[FileState.LOADED] * 3]

    def test_replay_and_a_corrected_version_do_not_collide_with_their_own_rows(self, tmp_path: Path, mode: str) -> None:
        shop = shop_of(tmp_path, mode)
        first = shop.drop(DELTA + "1.csv", "a,1,I,Ann", "b,1,I,Bob")
        shop.run()
        before = shop.silver
        assert replayed(shop, first) == before
        shop.drop(DELTA + "1.csv", "a,2,I,Bob", "b,2,I,Ann")
        shop.run()
        assert shop.silver == [("a", 2), ("b", 2)]

    def test_held_file_loads_when_the_other_one_is_corrected_whatever_the_order(self, tmp_path: Path, mode: str) -> None:
        shop = shop_of(tmp_path, mode)
        shop.drop(DELTA + "1.csv", "a,1,I,Ann")
        shop.run()
        second = shop.drop(DELTA + "2.csv", "b,1,I,Ann")
        held(shop)
        shop.drop(DELTA + "1.csv", "a,2,I,Amy")
        shop.run()
        assert replayed(shop, second) == [("a", 2), ("b", 1)]


class TestKeys:
    def test_newer_row_of_the_same_key_repeats_nothing(self, tmp_path: Path) -> None:
        shop = shop_of(tmp_path)
        shop.drop(DELTA + "1.csv", "a,1,I,Ann")
        shop.run()
        shop.drop(DELTA + "2.csv", "a,2,I,Ann")
        shop.run()
        assert shop.silver == [("a", 2)]

    def test_value_that_its_key_gave_up_may_be_had_by_another(self, tmp_path: Path) -> None:
        shop = shop_of(tmp_path)
        shop.drop(DELTA + "1.csv", "a,1,I,Ann", "b,1,I,Bob")
        shop.run()
        shop.drop(DELTA + "2.csv", "a,2,I,Amy", "b,2,D,")
        shop.drop(DELTA + "3.csv", "c,2,I,Ann", "d,2,I,Bob")
        shop.run()
        assert shop.silver == [("a", 2), ("c", 2), ("d", 2)]

    def test_late_row_that_silver_does_not_show_repeats_nothing(self, tmp_path: Path) -> None:
        shop = shop_of(tmp_path)
        shop.drop(DELTA + "1.csv", "a,5,I,Ann", "b,5,I,Bob")
        shop.run()
        shop.drop(DELTA + "2.csv", "a,1,I,Bob")
        shop.run()
        assert shop.silver == [("a", 5), ("b", 5)]

    def test_full_load_does_not_collide_with_the_table_that_it_replaces(self, tmp_path: Path) -> None:
        shop = shop_of(tmp_path)
        shop.drop(DELTA + "1.csv", "a,1,I,Ann")
        shop.run()
        shop.drop(FULL + "2.csv", "b,1,I,Ann")
        shop.run()
        assert shop.silver == [("b", 1)]


def test_warning_is_told_of_the_run_and_holds_nothing(tmp_path: Path) -> None:
    column = "{name: name, logicalType: string, quality: [{metric: duplicateValues, id: twins, severity: warning, mustBe: 0}]}"
    shop = shop_of(tmp_path, column=column)
    shop.drop(DELTA + "1.csv", "a,1,I,Ann", "b,1,I,Ann", "c,1,I,Cy")
    assert shop.load(shop.world.claim_manifest(DATASET)).warnings == (Warned("twins", "name", 2),)
