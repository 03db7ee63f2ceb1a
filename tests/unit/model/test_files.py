import pytest

from tidegate.model.files import AT_REST, MOVES, FileState, sources_of

S = FileState


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(S)


def test_history_never_comes_back() -> None:
    assert MOVES[S.SUPERSEDED] == MOVES[S.IGNORED] == frozenset()


def test_file_is_claimed_before_it_is_loaded_refused_or_failed_by_a_run() -> None:
    for end in (S.QUARANTINED, S.FAILED):
        assert sources_of(end) == (S.CLAIMED,)
    assert sources_of(S.LOADED) == (S.PENDING, S.CLAIMED, S.FAILED)  # a replay that a newer version overtook goes back to rest


def test_dead_run_s_file_is_claimed_again() -> None:
    assert S.CLAIMED in MOVES[S.CLAIMED]


@pytest.mark.parametrize("state", [S.LOADED, S.QUARANTINED, S.FAILED])
def test_file_at_rest_can_be_replayed_alone_and_with_its_load(state: FileState) -> None:
    assert {S.PENDING, S.REGISTERED, S.SUPERSEDED} <= MOVES[state]


def test_file_of_a_failed_run_can_wait_for_another() -> None:
    assert {S.PENDING, S.REGISTERED} <= MOVES[S.CLAIMED]


def test_nothing_returns_to_a_folder_marker() -> None:
    assert sources_of(S.IGNORED) == ()


def test_states_at_rest_are_those_that_no_run_is_to_take() -> None:
    assert set(S) - AT_REST == {S.REGISTERED, S.PENDING, S.CLAIMED}
