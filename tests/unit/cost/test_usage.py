import pytest

from tidegate.cost.usage import Usage

ONE = Usage(invocations={"load": 1, "claim": 2}, milliseconds={"load": 500}, writes=3)


def test_usage_adds_up_by_function_and_by_service() -> None:
    both = ONE + Usage(invocations={"load": 4}, reads=1)
    assert both == Usage(invocations={"claim": 2, "load": 5}, milliseconds={"load": 500}, writes=3, reads=1)


def test_so_many_times_usage_is_so_many_of_everything() -> None:
    assert Usage(invocations={"load": 2.5, "claim": 5}, milliseconds={"load": 1250}, writes=7.5) == ONE * 2.5


def test_difference_of_measurements_is_never_less_than_nothing() -> None:
    assert Usage(writes=1, reads=5) - Usage(writes=2, reads=2) == Usage(reads=3)
    assert (Usage() - ONE).invocations == {"claim": 0, "load": 0}


def test_usage_cannot_be_changed_under_a_bill() -> None:
    with pytest.raises(AttributeError):
        ONE.writes = 0  # type: ignore[misc]
