"""Quality rules from the contract to the ledger: rows that are warned of, batches that are held, and the way on."""

from dataclasses import asdict
from pathlib import Path

import pytest

from tests.unit.usecases.shop import CONTRACT, DATASET, DELTA, Shop
from tidegate.errors import BatchRefused, RowsRefused
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState, Warned
from tidegate.model.selection import Selection
from tidegate.usecases.audit import audit
from tidegate.usecases.fail import fail
from tidegate.usecases.settle import settle

NAME = "{name: name, logicalType: string, required: true}"


def shop_with(place: Path, *rules: str) -> Shop:
    """Return a shop whose column `name` has these rules."""
    place.mkdir(exist_ok=True)
    assert NAME in CONTRACT
    return Shop(place, text=CONTRACT.replace(NAME, f"{{name: name, logicalType: string, quality: [{', '.join(rules)}]}}"))


def held(shop: Shop) -> str:
    """Load what waits, which has to be held, run after run until nothing waits; return why the first one was."""
    world, reasons = shop.world, []
    ports = {"ledger": world.ledger, "objects": world.lake, "letters": world.letters, "clock": world.clock}
    while manifest := world.claim(DATASET).manifest:
        try:
            shop.load(manifest)
        except (BatchRefused, RowsRefused) as error:
            reasons.append(str(error))
            token = world.fake_ledger.lease(DATASET).token
            fail(DATASET, token, "Load", type(error).__name__, str(error), **ports)  # type: ignore[arg-type]
        else:
            audit(manifest, objects=world.lake, catalog=shop.lake)
            settle(manifest, world.desk)
    return reasons[0]


def force(shop: Shop, *arrivals: Arrival) -> None:
    shop.world.replay(Selection(file_ids=tuple(a.file_id for a in arrivals), forced=True))
    shop.run()


def test_file_that_breaks_a_share_for_its_batch_is_held_alone(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, "{metric: nullValues, id: named, unit: percent, mustBeLessThan: 50}")
    good = [shop.drop(f"{DELTA}{n}.csv", f"g{n},1,I,Ann") for n in range(3)]
    bad = shop.drop(DELTA + "bad.csv", *(f"b{n},1,I," for n in range(9)))
    assert "named of name" in held(shop)
    assert shop.world.states(*good, bad) == [*[FileState.LOADED] * 3, FileState.FAILED]
    assert len(shop.silver) == 3


class TestWarnings:
    RULES = (
        "{metric: nullValues, id: named, severity: warning, mustBe: 0}",
        '{metric: invalidValues, severity: warning, arguments: {pattern: "[A-Z].*"}, mustBe: 0}',
    )

    def test_rows_are_loaded_and_told_in_account_ledger_and_message(self, tmp_path: Path) -> None:
        shop = shop_with(tmp_path, *self.RULES)
        first = shop.drop(DELTA + "1.csv", "a,1,I,", "b,1,I,bob", "c,1,I,Cy")
        second = shop.drop(DELTA + "2.csv", "d,1,I,", "e,1,I,Eve")
        clean = shop.drop(DELTA + "3.csv", "f,1,I,Fay")
        manifest = shop.world.claim_manifest(DATASET)
        account = shop.load(manifest)
        told = (Warned("named", "name", 2), Warned("pattern", "name", 1))
        assert account.warnings == told
        audit(manifest, objects=shop.world.lake, catalog=shop.lake)
        message, _ = settle(manifest, shop.world.desk)
        assert message["warnings"] == [asdict(w) for w in told]
        run = shop.world.fake_ledger.run(manifest.run_id)
        assert run is not None
        assert run.warnings == told
        assert [shop.world.record(a).warnings for a in (first, second, clean)] == [
            (Warned("named", "name", 1), told[1]),
            (Warned("named", "name", 1),),
            (),
        ]
        assert len(shop.silver) == 6

    def test_corrected_file_has_the_warnings_of_its_newest_version_only(self, tmp_path: Path) -> None:
        shop = shop_with(tmp_path, *self.RULES)
        (arrival,) = [shop.drop(DELTA + "1.csv", "a,1,I,")]
        shop.run()
        assert shop.world.record(arrival).warnings == (Warned("named", "name", 1),)
        newer = shop.drop(DELTA + "1.csv", "a,1,I,Ann")
        shop.run()
        assert shop.world.record(newer).warnings == ()

    def test_replay_tells_the_same_again(self, tmp_path: Path) -> None:
        shop = shop_with(tmp_path, *self.RULES)
        arrival = shop.drop(DELTA + "1.csv", "a,1,I,")
        shop.run()
        before = shop.world.record(arrival).warnings
        shop.world.replay(Selection(file_ids=(arrival.file_id,)))
        shop.run()
        assert shop.world.record(arrival).warnings == before == (Warned("named", "name", 1),)


class TestLimits:
    RULE = "{{metric: nullValues, unit: percent, mustBeLessThan: 50, severity: {}}}"

    def test_batch_that_breaks_a_limit_is_held_and_can_be_forced(self, tmp_path: Path) -> None:
        shop = shop_with(tmp_path, self.RULE.format("error"))
        files = [shop.drop(DELTA + "1.csv", "a,1,I,", "b,1,I,Bob"), shop.drop(DELTA + "2.csv", "c,1,I,", "d,1,I,Di")]
        said = held(shop)
        assert "null_values of name must be less than 50 percent, 2 of 4 rows break it" in said
        assert shop.world.states(*files) == [FileState.FAILED] * 2
        assert shop.silver == []
        force(shop, *files)
        assert shop.world.states(*files) == [FileState.LOADED] * 2
        assert len(shop.silver) == 4

    def test_rows_are_counted_over_the_whole_batch(self, tmp_path: Path) -> None:
        shop = shop_with(tmp_path, self.RULE.format("error"))
        shop.drop(DELTA + "1.csv", "a,1,I,", "b,1,I,")
        shop.drop(DELTA + "2.csv", "c,1,I,Cy", "d,1,I,Di", "e,1,I,Eve")
        assert shop.run().rows_inserted == 5

    @pytest.mark.parametrize("severity", ["error", "warning"])
    def test_limit_that_is_forced_or_a_warning_is_told_of_the_run(self, tmp_path: Path, severity: str) -> None:
        shop = shop_with(tmp_path, self.RULE.format(severity))
        arrival = shop.drop(DELTA + "1.csv", "a,1,I,", "b,1,I,Bob")
        if severity == "error":
            held(shop)
            shop.world.replay(Selection(file_ids=(arrival.file_id,), forced=True))
        assert shop.load(shop.world.claim_manifest(DATASET)).warnings == (Warned("null_values", "name", 1),)


def test_row_count_that_is_only_a_warning_is_told(tmp_path: Path) -> None:
    text = CONTRACT.replace(
        "customProperties:", "    quality: [{metric: rowCount, mustBeGreaterThan: 1, severity: warning}]\ncustomProperties:"
    )
    shop = Shop(tmp_path, text=text)
    shop.drop(DELTA + "1.csv", "a,1,I,Ann")
    assert shop.load(shop.world.claim_manifest(DATASET)).warnings == (Warned("row_count", "", 1),)
