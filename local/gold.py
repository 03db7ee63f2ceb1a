"""`make gold`: the star schemas on the laptop, built by dbt on DuckDB over the live data files of the lake's tables.

    python -m local.gold [--fresh] [--select MODELS]

The same models run on Athena where the stack is deployed. Copies of data files, the DuckDB file and what dbt leaves are under .local/gold.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from scripts.gold_sources import named
from tidegate.cli.output import out, print_table
from tidegate.cli.stack import Stack, use_local
from tidegate.errors import TidegateError
from tidegate.tables.mirror import Tables, mirror
from tidegate.usecases.gold import unshown_loads
from tidegate.warehouses.dbt import DbtBuilder

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "sql"
DBT = ROOT / ".venvs/dbt/bin/dbt"
HERE = ROOT / ".local/gold"
_DOCS = "static_index.html"


class GoldError(TidegateError):
    """dbt could not build or a test of it failed; the message has its last lines."""


@dataclass(frozen=True, slots=True)
class Mart:
    """A table of gold: its rows, and a number that tells whether two have the same ones, in whatever order."""

    name: str
    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Gold:
    """Gold of a stack in a folder of the laptop."""

    stack: str
    folder: Path = HERE
    project: Path = PROJECT

    @property
    def file(self) -> Path:
        """The DuckDB file."""
        return self.folder / "gold.duckdb"

    @property
    def docs(self) -> Path:
        """The page about models, columns, tests and lineage, one file that needs no server."""
        return self.folder / "docs.html"

    def look(self, stack: Stack) -> tuple[dict[str, int], dict[str, dict[str, str]]]:
        """Show the tables of a stack's lake, as they are now; return their rows, and by table the full loads that bronze does not show."""
        sources = DbtBuilder(self.project, self.folder, "duckdb").sources()
        loads = unshown_loads(sources, stack.ledger)  # before the tables: a load that these lack would end every key
        return self.mirror(stack.tables), loads

    def mirror(self, lake: Tables) -> dict[str, int]:
        """Show the tables of the lake that gold reads, as they are now; return their rows."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return mirror(named(), lake, self.stack, self.file, self.folder / "files")

    def dbt(self, *words: str) -> str:
        """Run dbt and return what it prints; raise GoldError when it fails."""
        self.folder.mkdir(parents=True, exist_ok=True)
        places = {
            "TIDEGATE_STACK": self.stack,
            "TIDEGATE_GOLD_FILE": str(self.file),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
        }
        command = [str(DBT), "--no-use-colors", *words, f"--project-dir={self.project}", f"--profiles-dir={PROJECT}"]
        done = subprocess.run(command, env=os.environ | places, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
        if done.returncode:
            raise GoldError(f"dbt {words[0]} exited {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        return done.stdout

    def build(self, select: Sequence[str] = (), full_loads: Mapping[str, Mapping[str, str]] | None = None) -> str:
        """Build models and run their tests, all or those selected in dbt's words; return dbt's last line.

        `full_loads` are those of `look`.
        """
        known = json.dumps({"full_loads": full_loads or {}})
        printed = self.dbt("build", "--vars", known, *(("--select", *select) if select else ()))
        return printed.strip().splitlines()[-1].partition("  ")[2].strip()

    def write_docs(self) -> Path:
        """Write the page about gold."""
        self.dbt("docs", "generate", "--static")
        shutil.copyfile(self.folder / "target" / _DOCS, self.docs)
        return self.docs

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Answer a query; tables of gold need no schema."""
        with duckdb.connect(str(self.file), read_only=True) as db:
            db.execute(f"SET TimeZone = 'UTC'; USE {self.stack}_gold")
            found = db.execute(sql)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def marts(self) -> list[Mart]:
        """Return the tables that people query, by name."""
        listed = (
            "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema = current_schema()"
        )
        names = sorted(row["table_name"] for row in self.query(listed))
        counted = "SELECT count(*) AS n, coalesce(sum(md5_number_lower(t::VARCHAR)::HUGEINT), 0)::VARCHAR AS c FROM {} t"
        found = {name: self.query(counted.format(name))[0] for name in names}
        return [Mart(name, row["n"], row["c"]) for name, row in found.items()]


def main() -> None:
    """Build gold of the laptop's stack and show what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fresh", action="store_true", help="forget what was built before")
    parser.add_argument("--select", nargs="+", default=[], help="models to build, in dbt's words, such as fact_claim+")
    arguments = parser.parse_args()
    use_local()
    gold = Gold(os.environ.get("TIDEGATE_STACK", "tidegate"))
    if arguments.fresh and gold.file.exists():
        gold.file.unlink()
    try:
        sources, loads = gold.look(Stack(gold.stack))
        if not any(sources.values()):
            raise GoldError("the lake has no rows yet: run `make demo`, or drop files with `tidegate put`")
        done = gold.build(arguments.select, loads)
        show(gold)
        out.print(f"\ndbt: {done}\nwhat the tables mean: {gold.write_docs()}\nask: duckdb {gold.file}, or tidegate_gold on Athena")
    except TidegateError as error:
        sys.exit(f"gold: {error}")


def show(gold: Gold) -> None:
    """Print the tables with their rows, and the facts that name members whom nobody sent."""
    print_table("Gold", ("name", "rows", "checksum"), (asdict(mart) for mart in gold.marts()))
    unknown = gold.query((PROJECT / "athena/validation_unknown_members.sql").read_text(encoding="utf-8"))
    columns = ("fact", "link", "dimension", "fact_rows", "unknown_rows", "inferred_rows")
    print_table("Facts without a member that somebody sent", columns, unknown, empty="none")


if __name__ == "__main__":
    main()
