"""The same load as one would write it in DuckDB's SQL by hand.

python -m benchmarks.work.load_duckdb FILES OUT
"""

import sys
from pathlib import Path

import duckdb

from benchmarks.work import claims
from benchmarks.work.claims import COLUMNS

THREADS = 2


def casts() -> dict[str, str]:
    """Return the SQL of each column's typed value."""
    guarded = lambda name, pattern, then: f"CASE WHEN regexp_full_match({name}, '{pattern}') THEN {then} END"  # noqa: E731 - one line of SQL
    found = {name: name for name in COLUMNS}
    for name in ("birth_date", "service_date"):
        found[name] = guarded(name, claims.DATE, f"TRY_CAST({name} AS DATE)")
    found["paid_on"] = guarded("paid_on", claims.US_DATE, "CAST(try_strptime(paid_on, '%m/%d/%Y') AS DATE)")
    found["received_at"] = guarded("received_at", claims.MOMENT, "TRY_CAST(received_at AS TIMESTAMP)")
    found["updated_at"] = guarded("updated_at", f"{claims.MOMENT}Z", "TRY_CAST(updated_at AS TIMESTAMPTZ)")
    for name, (precision, scale) in claims.DECIMALS.items():
        found[name] = guarded(name, claims.decimal_pattern(precision, scale), f"TRY_CAST({name} AS DECIMAL({precision}, {scale}))")
    for name in claims.INTEGERS:
        found[name] = guarded(name, claims.WHOLE, f"TRY_CAST({name} AS BIGINT)")
    found["distance_km"] = guarded("distance_km", claims.REAL, "TRY_CAST(distance_km AS DOUBLE)")
    found["urgent"] = f"CASE WHEN lower(urgent) IN {claims.TRUE} THEN true WHEN lower(urgent) IN {claims.FALSE} THEN false END"
    return found


def checks() -> list[tuple[str, str]]:
    """Return each reason and the SQL of the condition that gives it; `v_` names typed values."""
    found = [("primary_key:claim_id", "claim_id IS NULL")]
    found += [(f"required:{name}", f"{name} IS NULL") for name in claims.REQUIRED]
    found += [(f"type:{name}", f"v_{name} IS NULL AND {name} IS NOT NULL") for name, cast in casts().items() if cast != name]
    found += [(f"valid_values:{name}", f"{name} NOT IN {values}") for name, values in claims.VALID.items()]
    found += [(f"pattern:{name}", f"NOT regexp_full_match({name}, '{pattern}')") for name, pattern in claims.PATTERNS.items()]
    found += [(f"max_length:{name}", f"length({name}) > {most}") for name, most in claims.LONGEST.items()]
    found += [
        ("minimum:billed", "v_billed < 0"),
        ("minimum:units", "v_units < 0"),
        ("maximum:units", f"v_units > {claims.MOST_UNITS}"),
    ]
    return found


def main(folder: Path, out: Path) -> None:
    """Load."""
    inner, outer = claims.pads()
    masks = {
        "member_number": f"left(sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode(member_number)))), 32)",
        "birth_date": "CAST(date_trunc('year', v_birth_date) AS DATE)",
    }
    typed = {name: f"v_{name}" if cast != name else name for name, cast in casts().items()} | masks
    values = ", ".join(f"{cast} AS v_{name}" for name, cast in casts().items() if cast != name)
    reasons = ", ".join(f"CASE WHEN {condition} THEN '{reason}' END" for reason, condition in checks())
    broken = " OR ".join(f"({condition})" for _, condition in checks())
    source = (
        f"read_csv('{folder}/*.csv', all_varchar = true, header = true, nullstr = '', delim = ',', quote = '\"', escape = '\"')"
    )
    with duckdb.connect(config={"threads": THREADS, "memory_limit": "4GB", "temp_directory": str(out)}) as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute(
            f"CREATE TEMP TABLE checked AS SELECT *, coalesce({broken}, false) AS broken FROM (SELECT *, {values} FROM {source})"
        )
        texts, named = ", ".join(COLUMNS), ", ".join(f"{value} AS {name}" for name, value in typed.items())
        listed = f"list_filter([{reasons}], lambda r: r IS NOT NULL) AS reasons"
        to = "(FORMAT parquet, COMPRESSION zstd)"
        db.execute(f"COPY (SELECT {texts}, {listed} FROM checked WHERE broken) TO '{out}/rejected.parquet' {to}")
        db.execute(f"COPY (SELECT {named} FROM checked WHERE NOT broken) TO '{out}/accepted.parquet' {to}")
        newest = "QUALIFY row_number() OVER (PARTITION BY claim_id ORDER BY updated_at DESC) = 1"
        db.execute(f"COPY (FROM '{out}/accepted.parquet' {newest}) TO '{out}/newest.parquet' {to}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
