"""What is open in quarantine, what loading again may put right, and which corrected file would double or lose rows."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tables.lake import KEYRING, LIMITS
from tests.unit.usecases.world import DELTA, EVENTS, FULL, World
from tidegate.contracts.contract import Contract, LoadMode
from tidegate.contracts.publish import load_current
from tidegate.errors import NotFound, Permanent
from tidegate.model.arrivals import Arrival
from tidegate.model.corrections import Standing, correction_key
from tidegate.model.files import FileState
from tidegate.model.runs import timestamp
from tidegate.model.selection import Selection
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.correct import landing_of, objections
from tidegate.usecases.quarantine import Question, retriable, survey
from tidegate.usecases.trial import Trial, stage, trial

SHA = "ab" * 32


def rejected(world: World, key: str = DELTA + "a.csv", rows: int = 3) -> Arrival:
    """Load a file of five rows, of which some are rejected."""
    (arrival,) = world.drop(key)
    world.settle(world.claim_manifest(), rejected={key: rows})
    world.drain()
    return arrival


def refused(world: World, key: str = DELTA + "bad.csv") -> Arrival:
    (arrival,) = world.drop(key)
    world.settle(world.claim_manifest(), refused=[key])
    world.drain()
    return arrival


def standing(world: World, arrival: Arrival) -> Standing:
    (found,) = survey(Question(file_ids=(arrival.file_id,)), world.ledger)
    return found


def contract(world: World) -> Contract:
    return load_current(EVENTS, world.lake)[0]


class TestSurvey:
    def test_files_with_rejected_rows_and_refused_files_are_listed_oldest_first(self, world: World) -> None:
        a, b = rejected(world), refused(world)
        rejected(world, DELTA + "fine.csv", 0)
        assert [s.record.file_id for s in survey(Question(), world.ledger)] == [a.file_id, b.file_id]

    def test_key_of_no_dataset_is_listed_too(self, world: World) -> None:
        (lost,) = world.drop("readme.txt")
        assert [s.record.file_id for s in survey(Question(), world.ledger)] == [lost.file_id]

    def test_by_key_dataset_and_time(self, world: World) -> None:
        rejected(world, DELTA + "a.csv")
        world.clock.pass_seconds(100)
        since = timestamp(world.clock())
        world.clock.pass_seconds(1)
        b = rejected(world, DELTA + "b.csv")
        for question in (Question(key="*/b.*"), Question(since=since), Question(dataset=EVENTS, key="*b.csv")):
            assert [s.record.file_id for s in survey(question, world.ledger)] == [b.file_id]
        assert survey(Question(dataset="other.set"), world.ledger) == []

    def test_unknown_id_is_an_error(self, world: World) -> None:
        with pytest.raises(NotFound):
            survey(Question(file_ids=("nothing",)), world.ledger)

    def test_what_was_resolved_is_listed_on_request_with_what_it_was(self, world: World) -> None:
        a = rejected(world)
        world.publish(version="1.1.0")
        world.replay(Selection(file_ids=(a.file_id,)))
        world.drain()
        assert survey(Question(), world.ledger) == []
        (found,) = survey(Question(everything=True), world.ledger)
        assert (found.rejected, found.resolved, found.record.contract_version) == (0, 3, "1.1.0")

    def test_a_refused_file_that_was_loaded_later_says_what_it_was_refused_for(self, world: World) -> None:
        a = refused(world)
        world.replay(Selection(file_ids=(a.file_id,)))
        world.drain()
        (found,) = survey(Question(everything=True), world.ledger)
        assert (found.record.state, found.record.refused_before) == (FileState.LOADED, "BAD_HEADER")

    def test_parts_that_their_marker_brings_back_keep_what_they_were(self, world: World) -> None:
        part, _ = world.drop(FULL + "1/p.csv", FULL + "1/_SUCCESS")
        world.settle(world.claim_manifest(), rejected={FULL + "1/p.csv": 2})
        world.drain()
        world.drop(FULL + "1/_SUCCESS")
        world.drain()
        assert (world.record(part).rows_quarantined, world.record(part).rows_rejected_before) == (0, 2)

    def test_a_run_that_fails_does_not_change_what_was_rejected_before(self, world: World) -> None:
        a = rejected(world)
        world.replay(Selection(file_ids=(a.file_id,)))
        world.claim()
        world.fail()
        assert standing(world, a).open == 3
        world.replay(Selection(file_ids=(a.file_id,)))
        world.settle(world.claim_manifest(), rejected={DELTA + "a.csv": 1})
        world.drain()
        assert (standing(world, a).rejected, standing(world, a).resolved) == (1, 2)


class TestRetriable:
    def test_the_contract_that_rejected_a_file_is_not_asked_again(self, world: World) -> None:
        found = [standing(world, rejected(world)), standing(world, refused(world))]
        chosen = retriable(found, world.lake, anyway=False)
        assert not chosen.files
        assert all("1.0.0 judged it" in why for _, why in chosen.left)
        assert len(retriable(found, world.lake, anyway=True).files) == 2
        world.publish(version="1.1.0")
        assert len(retriable(found, world.lake, anyway=False).files) == 2

    def test_a_file_whose_rows_a_corrected_file_brought_is_left_alone(self, world: World) -> None:
        a = rejected(world)
        rejected(world, correction_key(world.record(a), SHA), 0)
        world.publish(version="1.1.0")
        b = rejected(world, DELTA + "b.csv", 5)
        world.drop(correction_key(world.record(b), SHA))
        for arrival, said in ((a, "nothing of it is open"), (b, "a corrected file answers")):
            ((_, why),) = retriable([standing(world, arrival)], world.lake, anyway=True).left
            assert said in why

    def test_a_file_without_bytes_is_not_loaded_again_whatever_the_contract(self, world: World) -> None:
        (empty,) = world.drop(DELTA + "empty.csv", size=0)
        assert "only another file helps" in retriable([standing(world, empty)], world.lake, anyway=False).left[0][1]

    def test_a_file_that_waits_already_is_left_alone(self, world: World) -> None:
        a = rejected(world)
        world.replay(Selection(file_ids=(a.file_id,)))
        assert retriable([standing(world, a)], world.lake, anyway=True).left[0][1] == "it is PENDING already"


class TestWhereACorrectedFileLands:
    def test_rejected_records_land_as_a_delta_of_their_own(self, world: World) -> None:
        a = rejected(world)
        found = landing_of(standing(world, a), contract(world), world.ledger, SHA, whole=False)
        assert (found.key, found.whole) == (correction_key(world.record(a), SHA), False)
        assert "no orderBy" in found.note

    def test_a_refused_file_is_replaced_under_its_own_key(self, world: World) -> None:
        found = landing_of(standing(world, refused(world)), contract(world), world.ledger, SHA, whole=False)
        assert (found.key, found.whole) == (DELTA + "bad.csv", True)

    def test_a_whole_part_is_followed_by_the_marker_of_its_load(self, world: World) -> None:
        part, _ = world.drop(FULL + "1/p.csv", FULL + "1/_SUCCESS")
        world.settle(world.claim_manifest(), rejected={FULL + "1/p.csv": 2})
        found = landing_of(standing(world, part), contract(world), world.ledger, SHA, whole=True)
        assert (found.key, found.marker) == (FULL + "1/p.csv", FULL + "1/_SUCCESS")

    def test_not_where_a_newer_version_has_arrived(self, world: World) -> None:
        a = rejected(world)
        world.drop(DELTA + "a.csv")
        with pytest.raises(Permanent, match="newer version"):
            landing_of(standing(world, a), contract(world), world.ledger, SHA, whole=False)

    def test_not_while_another_correction_is_on_its_way(self, world: World) -> None:
        a = rejected(world)
        world.drop(correction_key(world.record(a), SHA))
        with pytest.raises(Permanent, match="tidegate wait"):
            landing_of(standing(world, a), contract(world), world.ledger, SHA[::-1], whole=False)

    def test_not_as_a_few_rows_where_every_file_is_a_full_load(self, world: World) -> None:
        a = rejected(world)
        replaces = replace(contract(world), load_mode=LoadMode.REPLACE)
        with pytest.raises(Permanent, match="--whole"):
            landing_of(standing(world, a), replaces, world.ledger, SHA, whole=False)
        assert landing_of(standing(world, a), replaces, world.ledger, SHA, whole=True).whole

    @pytest.mark.parametrize("key", [DELTA + "a.csv", FULL + "old.csv"])
    def test_not_where_a_newer_full_load_took_the_rows_away(self, world: World, key: str) -> None:
        a = rejected(world, key)
        assert landing_of(standing(world, a), contract(world), world.ledger, SHA, whole=False)
        world.drop(FULL + "new.csv")
        world.drain()
        with pytest.raises(Permanent, match="newer full load"):
            landing_of(standing(world, a), contract(world), world.ledger, SHA, whole=False)

    def test_not_when_nothing_is_open(self, world: World) -> None:
        a = rejected(world)
        rejected(world, correction_key(world.record(a), SHA), 0)
        with pytest.raises(Permanent, match="no rejected row"):
            landing_of(standing(world, a), contract(world), world.ledger, SHA, whole=False)

    def test_not_for_a_key_of_no_dataset(self, world: World) -> None:
        (lost,) = world.drop("readme.txt")
        with pytest.raises(Permanent, match="no dataset"):
            landing_of(standing(world, lost), contract(world), world.ledger, SHA, whole=False)


def tried(world: World, folder: Path, body: bytes, key: str = DELTA + "x.csv") -> Trial:
    path = folder / "corrected.csv"
    path.write_bytes(body)
    place = folder / "room"
    place.mkdir()
    return trial(contract(world), stage(contract(world), [path], key), LocalWorkshop(place, LIMITS, KEYRING))


class TestObjections:
    def test_none_against_corrected_records(self, world: World, tmp_path: Path) -> None:
        a = standing(world, rejected(world))
        landing = landing_of(a, contract(world), world.ledger, SHA, whole=False)
        assert objections(a, landing, tried(world, tmp_path, b"id\n1\n2\n3\n")) == []

    @pytest.mark.parametrize(
        ("body", "whole", "said"),
        [
            (b"id\n1\n2\n3\n4\n", False, "only 3 rejected rows are open"),  # it would bring a row that was accepted a second time
            (b'id\n1\n""\n', False, "1 of its 2 records would be rejected again"),
            (b"colour\nred\n", False, "it would be refused: WRONG_HEADER"),
            (b"id\n1\n2\n3\n", True, "the file that it would replace had 5"),  # it would take accepted rows away
        ],
    )
    def test_a_file_that_would_double_lose_or_reject_rows(
        self, world: World, tmp_path: Path, *, body: bytes, whole: bool, said: str
    ) -> None:
        a = standing(world, rejected(world))
        landing = landing_of(a, contract(world), world.ledger, SHA, whole=whole)
        assert any(said in line for line in objections(a, landing, tried(world, tmp_path, body)))

    def test_a_whole_file_after_its_rows_were_brought_by_a_correction(self, world: World, tmp_path: Path) -> None:
        a = rejected(world, rows=5)
        rejected(world, correction_key(world.record(a), SHA), 0)
        landing = landing_of(standing(world, a), contract(world), world.ledger, SHA, whole=True)
        said = objections(standing(world, a), landing, tried(world, tmp_path, b"id\n1\n2\n3\n4\n5\n"))
        assert said == ["corrected files brought 5 of its rows already: a whole file would bring them again"]
