"""`tidegate query`: SQL in Athena."""

import warnings
from typing import Annotated, Any

import typer

from tidegate.cli.output import print_json, print_table
from tidegate.cli.stack import Stack
from tidegate.errors import Permanent


def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(help="One statement; silver is the default database.")],
    database: Annotated[str, typer.Option(help="Another default database, such as tidegate_quarantine.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of row objects.")] = False,
) -> None:
    """Run SQL in Athena.

    Example: tidegate query 'select gender, count(*) as patients from healthcare_patients group by gender'
    """
    columns, rows = select(context.obj, sql, database)
    if as_json:
        print_json(rows)
    else:
        print_table(f"{len(rows):,} row{'s' * (len(rows) != 1)}", columns, rows, empty="no rows")


def select(stack: Stack, sql: str, database: str = "") -> tuple[list[str], list[dict[str, Any]]]:
    """Run SQL in Athena and return column names and rows of plain values; raise Permanent with Athena's reason when it fails."""
    import awswrangler as wr
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas announces changes that do not concern us
            frame = wr.athena.read_sql_query(
                sql,
                database=database or stack.outputs["SilverDatabase"],
                workgroup=stack.outputs["Workgroup"],
                ctas_approach=False,
                athena_query_wait_polling_delay=0.2,
            )
    except wr.exceptions.QueryFailed as error:
        raise Permanent(f"Athena: {error}") from error
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return list(frame.columns), [{name: _plain(value, pd) for name, value in row.items()} for row in records]


def _plain(value: Any, pd: Any) -> Any:  # noqa: ANN401 - pandas cells
    if value is None or value is pd.NaT:
        return None
    if hasattr(value, "tolist"):
        return value.tolist()
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
