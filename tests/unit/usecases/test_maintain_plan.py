"""What of a table is worth doing, as numbers."""

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import SECOND
from tidegate.model.upkeep import LONGEST_WORK, Policy
from tidegate.ports import LiveFile, TableVersion
from tidegate.usecases.maintain_plan import mergeable, orphaned_before, outdated

POLICY = Policy(target_bytes=100, least_files=4, version_seconds=7200, least_versions=3, most_versions=20)
NOW = 10_000_000 * SECOND


def file(number: int, size: int, lower: str = "", upper: str = "") -> LiveFile:
    return LiveFile(f"f{number:03d}", 1, lower or f"k{number:03d}", upper or f"k{number:03d}", size)


class TestMerge:
    def test_few_small_files_are_left_alone(self) -> None:
        assert mergeable([file(n, 10) for n in range(3)], POLICY) == []

    def test_files_of_half_the_target_and_more_are_left_alone(self) -> None:
        assert mergeable([file(n, 50) for n in range(9)], POLICY) == []

    def test_files_whose_keys_are_neighbours_go_together(self) -> None:
        """A file that is replaced is looked for in every data file whose bounds admit its key."""
        files = [file(n, 40) for n in (3, 0, 5, 1, 4, 2)]
        assert [[f.path for f in group] for group in mergeable(files, POLICY)] == [
            ["f000", "f001"],
            ["f002", "f003"],
            ["f004", "f005"],
        ]

    @given(st.lists(st.integers(0, 120), max_size=40))
    def test_no_group_is_larger_than_the_target_and_no_file_is_in_two(self, sizes: list[int]) -> None:
        groups = mergeable([file(n, size) for n, size in enumerate(sizes)], POLICY)
        paths = [f.path for group in groups for f in group]
        assert len(paths) == len(set(paths))
        assert all(len(group) > 1 and sum(f.bytes for f in group) <= POLICY.target_bytes for group in groups)

    @given(st.lists(st.integers(0, 49), min_size=4, max_size=40))
    def test_all_small_files_but_one_become_fewer(self, sizes: list[int]) -> None:
        """Otherwise a table would be looked at again and again in vain."""
        groups = mergeable([file(n, size) for n, size in enumerate(sizes)], POLICY)
        assert sum(map(len, groups)) >= len(sizes) - 1


def versions(*ages: int) -> list[TableVersion]:
    return [TableVersion(number, NOW - age * SECOND) for number, age in enumerate(ages)]


class TestExpire:
    def test_old_versions_beyond_the_newest_few_are_forgotten(self) -> None:
        history = versions(0, 7300, 7300, 7300, 7300, 7300, 7300, 7300)
        assert [v.number for v in outdated(history, POLICY, NOW)] == [3, 4, 5, 6, 7]

    def test_young_versions_are_kept_until_there_are_too_many(self) -> None:
        assert outdated(versions(*[3700] * 20), POLICY, NOW) == []
        assert [v.number for v in outdated(versions(*[3700] * 25), POLICY, NOW)] == [20, 21, 22, 23, 24]

    def test_version_of_the_last_hour_is_kept_however_many_there_are(self) -> None:
        assert outdated(versions(*[3500] * 99), POLICY, NOW) == []

    def test_newest_version_is_kept_whatever_the_policy_says(self) -> None:
        careless = Policy(version_seconds=0, least_versions=0, most_versions=0)
        assert 0 not in [v.number for v in outdated(versions(*[9999] * 9), careless, NOW)]

    def test_one_old_version_is_not_worth_a_commit(self) -> None:
        assert outdated(versions(0, 1, 2, 7300), POLICY, NOW) == []


def test_orphan_that_a_run_may_still_commit_is_left_alone_whatever_the_policy_says() -> None:
    assert orphaned_before(Policy(orphan_seconds=0), NOW) == NOW - LONGEST_WORK * SECOND
    assert orphaned_before(Policy(orphan_seconds=LONGEST_WORK + 5), NOW) == NOW - (LONGEST_WORK + 5) * SECOND
