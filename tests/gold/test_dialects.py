"""The same models for four warehouses: each parses them without an account, and only sql/macros/dialect.sql knows which is which."""

import json
import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from local.extensions import trino_functions
from local.gold import PROJECT
from scripts.gold_sources import named
from tests.gold.runs import Done, dbt

VERSIONS = {f"{layer}.{table}": number for number, (layer, table) in enumerate(named(), 1000)}
MOST_READS = 40  # of tables by one query
DIALECTS = ("duckdb", "athena", "redshift", "snowflake")
DIALECT = PROJECT / "macros/dialect.sql"
KNOWS_WAREHOUSES = re.compile(
    r"\btarget\s*[.|\[]|adapter\s*\.\s*(dispatch|type)|\b(duckdb|athena|trino|redshift|snowflake|postgres)\b", re.IGNORECASE
)

# Names that every one of the four has, with one meaning
ORDINARY = """
    abs avg coalesce count cume_dist date_trunc dense_rank exp extract first_value floor lag last_value lead length ln
    lower lpad max md5 min mod nth_value ntile nullif percent_rank power rank replace round row_number sign sqrt stddev_pop
    stddev_samp substr substring sum translate trim upper var_pop var_samp
"""
EVERYWHERE = frozenset(ORDINARY.split())
KNOWN = {
    "duckdb": EVERYWHERE | {"date_add", "date_diff", "make_timestamp", "regexp_full_match", "strftime"},
    "athena": trino_functions.TRINO,
    "redshift": EVERYWHERE | {"dateadd", "datediff", "to_char"},
    "snowflake": EVERYWHERE | {"convert_timezone", "dateadd", "datediff", "regexp_like", "to_char", "to_timestamp_ntz"},
}


@pytest.fixture(scope="module", params=DIALECTS)
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Done]:
    """Compiling parses the project first; it is told to ask no warehouse."""
    room = tmp_path_factory.mktemp(request.param)
    # As the stack's function builds it.
    pinned = ("--vars", json.dumps({"versions": VERSIONS})) if request.param == "athena" else ()
    return request.param, dbt(room, "compile", "--no-introspect", "--no-populate-cache", *pinned, target=request.param)


def test_the_project_compiles_without_account_or_network(compiled: tuple[str, Done]) -> None:
    dialect, done = compiled
    assert done.code == 0, f"{dialect}: {done.said}"
    names = {Path(path).stem for path in done.compiled()}
    assert set(done.nodes()) <= names


def test_every_model_and_test_is_sql_of_the_dialect(compiled: tuple[str, Done]) -> None:
    dialect, done = compiled
    refused = {path: said for path, sql in done.compiled().items() if (said := refusal(sql, dialect))}
    assert refused == {}


@pytest.mark.parametrize("compiled", ["athena"], indirect=True)
def test_every_reading_of_the_lake_is_of_the_version_that_the_build_was_given(compiled: tuple[str, Done]) -> None:
    _, done = compiled
    read = re.compile(r'"tidegate_(bronze|silver)"\."(\w+)"(?: for version as of (\d+))?')
    found = {(f"{layer}.{table}", version) for sql in done.compiled().values() for layer, table, version in read.findall(sql)}
    assert found == {(name, str(number)) for name, number in VERSIONS.items()}


def test_only_one_file_knows_warehouses() -> None:
    """So a model cannot differ between warehouses but in what that file says."""
    telling = {
        str(path.relative_to(PROJECT)): found.group()
        for folder in ("models", "macros", "tests") for path in sorted((PROJECT / folder).rglob("*.sql"))
        if path != DIALECT and (found := KNOWS_WAREHOUSES.search(path.read_text()))
    }  # fmt: skip
    assert telling == {}


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("athena", "select strftime(a, '%Y') from b"),
        ("athena", "select a ~ 'x' from b"),
        ("athena", "select left(a, 2) from b"),
        ("duckdb", "select from_unixtime_nanos(a) from b"),
        ("redshift", "select regexp_like(a, 'x') from b"),
        ("snowflake", "select make_timestamp(a) from b"),
        ("redshift", "vacuum b"),
    ],
)
def test_another_warehouses_words_are_noticed(dialect: str, sql: str) -> None:
    assert refusal(sql, dialect)


def refusal(sql: str, dialect: str) -> str:
    """Why a text is no query of a dialect, as far as a parser and a list of function names can tell."""
    try:
        tree = sqlglot.parse_one(sql, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        return str(error)
    if not isinstance(tree, exp.Query) or tree.find(exp.Command):
        return f"{tree.key} is no query"
    unknown = {token.text.lower() for token in trino_functions.called(sql, tree, dialect)} - KNOWN[dialect]
    return f"unknown functions: {sorted(unknown)}" if unknown else ""


@pytest.mark.parametrize("compiled", ["athena"], indirect=True)
def test_no_model_reads_its_tables_very_often_when_names_are_read_as_often_as_they_stand(compiled: tuple[str, Done]) -> None:
    """Trino does so with the names of a WITH and with views, and refuses a query of too many stages."""
    _, done = compiled
    models = done.nodes()
    sql = {Path(path).stem: text for path, text in done.compiled().items() if Path(path).stem in models and "/models/" in path}
    views = {view: sql[view] for view, node in models.items() if node["config"]["materialized"] == "view"}
    read = {name: reads(sqlglot.parse_one(text, read="athena"), views) for name, text in sql.items()}
    assert {name: times for name, times in read.items() if times > MOST_READS and name not in views} == {}
    assert max(read.values()) > 5


def reads(tree: exp.Expr, views: dict[str, str], named: dict[str, exp.Expr] | None = None) -> int:
    """How many tables a query reads, counting each as often as it is named; `named` are the queries of a WITH around it."""
    query, own = tree.copy(), dict(named or {})
    if isinstance(query, exp.Query):
        own |= {cte.alias: cte.this.copy() for cte in query.ctes}
        for cte in query.ctes:
            cte.pop()
    total = 0
    for table in query.find_all(exp.Table):
        if not table.db and table.name in own:
            total += reads(own[table.name], views, {name: of for name, of in own.items() if name != table.name})
        elif table.name in views:
            total += reads(sqlglot.parse_one(views[table.name], read="athena"), views)
        else:
            total += 1
    return total
