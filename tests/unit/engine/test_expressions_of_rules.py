"""Conditions over several columns of a row, from the contract's SQL to quarantine and counts."""

from pathlib import Path

import pytest

from tests.unit.contracts.test_errors import BASE
from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Column, Contract, Kind, Privacy, When
from tidegate.contracts.parse import parse_contract
from tidegate.contracts.queries import parse_query
from tidegate.contracts.rules import Check, Metric, Rules, Severity
from tidegate.engine import check_contract
from tidegate.errors import ContractInvalid

COLUMNS = (
    text("n"), typed("first", Kind.DATE), typed("last", Kind.DATE), typed("amount", Kind.DECIMAL), typed("count", Kind.INTEGER)
)  # fmt: skip
HEADER = "n,first,last,amount,count\n"


def ruled(where: str, severity: Severity = Severity.ERROR, columns: tuple[Column, ...] = COLUMNS, **options: object) -> Contract:
    parsed = parse_query(f"SELECT count(*) FROM {{object}} WHERE {where}", columns)  # noqa: S608 - it is what is tested
    assert parsed.row
    rule = Check("sane", parsed.row[1], Metric.EXPRESSION, severity, expression=parsed.row)
    return contract(*columns, rules=Rules((rule,)), **options)


@pytest.mark.parametrize(
    ("where", "good", "bad"),
    [
        ("last < first", ["a,2020-01-01,2020-01-01,,", "b,,2020-01-01,,"], ["c,2020-01-02,2020-01-01,,"]),
        ("amount * count > 100", ["a,,,10.00,10", "b,,,1000,"], ["c,,,10.01,10"]),
        ("amount IS NULL AND count > 0", ["a,,,1,1", "b,,,,0"], ["c,,,,1"]),
        ("length(n) <> 1 OR n LIKE 'x%'", ["a,,,,"], ["aa,,,,", "x,,,,"]),
        ("n = 'it''s \"n\"'", ["a,,,,"], ['"it\'s ""n""",,,,']),
        ("date_diff('day', first, last) > 30", ["a,2020-01-01,2020-01-31,,"], ["b,2020-01-01,2020-02-01,,"]),
        ("first + INTERVAL 1 MONTH < last", ["a,2020-01-31,2020-02-29,,"], ["b,2020-01-31,2020-03-01,,"]),
        ("year(first) < 1900", ["a,1900-01-01,,,"], ["b,1899-12-31,,,"]),
        ("CASE WHEN n = 'a' THEN count > 1 ELSE count > 5 END", ["a,,,,1", "b,,,,5"], ["a,,,,2", "b,,,,6"]),
        ("CAST(n AS BIGINT) > count", ["x,,,,1", "1,,,,1"], ["2,,,,1"]),
        ("CAST(CAST(n AS BIGINT) AS DOUBLE) > 1.5", ["x,,,,", "1,,,,"], ["2,,,,"]),
        ("regexp_matches(n, '^[0-9]+$')", ["a,,,,"], ["17,,,,"]),
        ("count * count > 0", ["a,,,,4294967296"], ["b,,,,1"]),
    ],
)
def test_row_for_which_the_condition_is_true_is_rejected(tmp_path: Path, where: str, good: list[str], bad: list[str]) -> None:
    """One for which it is null, or cannot be computed, is not; no value can make the file unreadable."""
    content = (HEADER + "\n".join([*good, *bad]) + "\n").encode()
    outcome = load(tmp_path, ruled(where), content)
    assert outcome.codes == [None]
    assert [row[-1] for row in outcome.accepted] == list(range(1, len(good) + 1))
    assert [raw for *_, raw, _ in outcome.quarantined] == bad
    assert {rule for reasons in outcome.rules for rule, _ in reasons} == {"sane"}


def test_warning_counts_the_rows_and_names_the_first_column(tmp_path: Path) -> None:
    of = ruled("last < first", Severity.WARNING)
    outcome = load(tmp_path, of, (HEADER + "a,2020-01-02,2020-01-01,,\nb,,,,\n").encode())
    assert (outcome.file.counted, of.rules.counted[0].column) == ((1,), "last")


def test_condition_sees_the_value_as_sent(tmp_path: Path) -> None:
    columns = (text("n", privacy=Privacy.REDACT), text("m"))
    assert load(tmp_path, ruled("n = m", columns=columns), b"n,m\na,a\na,b\n").file.rows_quarantined == 1


def test_tombstone_breaks_no_condition_wherever_it_is_written(tmp_path: Path) -> None:
    columns = (text("n", primary_key=True), text("op"), text("m"))
    of = ruled("n = 'x' AND m IS NULL", columns=columns, delete_when=When("op", ("D",)))
    assert load(tmp_path, of, b"n,op,m\nx,D,\nx,I,\n").file.rows_quarantined == 1


def written(query: str, more: str = "mustBe: 0") -> Contract:
    rule = f'type: sql, {more}, query: "{query}"'
    return parse_contract(BASE.replace("metric: rowCount, mustBeGreaterThan: 0", rule), "base")


class TestWritten:
    def test_count_of_rows_is_a_condition_on_each_and_any_other_query_a_number_of_the_batch(self) -> None:
        rules = written("SELECT count(*) FROM ${table} WHERE day > paid_at", "id: late, severity: warning, mustBe: 0").rules
        (check,) = rules.checks
        assert (check.rule, check.column, check.severity, check.limit) == ("late", "day", Severity.WARNING, None)
        assert check.expression == ("", "day", " > ", "paid_at", "")
        (query,) = written("SELECT sum(amount) FROM {object}", "mustBeGreaterThan: -5.5").rules.queries
        assert (query.rule, query.columns, query.silver, str(query.limit)) == ("sql", ("amount",), False, "be greater than -5.5")

    def test_number_of_a_classified_column_is_not_shown(self) -> None:
        assert [q.shown for q in written("SELECT max(amount) FROM {object}").rules.queries] == [True]
        assert [q.shown for q in written("SELECT max(length(buyer)) FROM {object}").rules.queries] == [False]

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("SELECT count(*) FROM {object} WHERE amount > state", "cannot be computed"),
            ("SELECT count(*) FROM {object} WHERE amount", "the condition of the query is a decimal"),
            ("SELECT sum(amount + state) FROM {object}", "cannot be computed"),
            ("SELECT min(state) FROM {object}", "does not give one number"),
            ("SELECT count(*), sum(amount) FROM {object}", "does not give one number"),
            ("SELECT amount FROM {object}", "does not give one number"),
            ("SELECT count(*) FROM {object} WHERE regexp_matches(state, '(')", "cannot be computed"),
        ],
    )
    def test_query_that_cannot_work_is_found_before_a_file_is_read(self, query: str, message: str) -> None:
        with pytest.raises(ContractInvalid) as caught:
            check_contract(written(query))
        assert message in str(caught.value)

    def test_queries_that_work_are_no_finding(self) -> None:
        for query in (
            "SELECT count(*) FROM {object} o JOIN {silver} s ON o.order_id = s.order_id WHERE o.amount < s.amount",
            "WITH d AS (SELECT day, sum(amount) AS total FROM {object} GROUP BY day) SELECT max(total) FROM d",
            "SELECT count(DISTINCT state) FILTER (WHERE day IS NOT NULL) FROM {object}",
        ):
            check_contract(written(query))
