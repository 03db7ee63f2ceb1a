"""The same load in Spark SQL.

python -m benchmarks.work.load_spark FILES OUT
"""

import json
import sys
from pathlib import Path

from benchmarks.work import claims
from benchmarks.work.claims import COLUMNS
from benchmarks.work.spark import Clock, session


def full(name: str, pattern: str) -> str:
    """Whether all of a text matches, in SQL."""
    return rf"{name} RLIKE r'\A(?:{pattern})\z'"


def guarded(name: str, pattern: str, then: str) -> str:
    """A value where the text has the right shape, else null."""
    return f"CASE WHEN {full(name, pattern)} THEN {then} END"


def casts() -> dict[str, str]:
    """Return the SQL of each typed column that is not text."""
    found = {name: guarded(name, claims.DATE, f"CAST({name} AS DATE)") for name in ("birth_date", "service_date")}
    found["paid_on"] = guarded("paid_on", claims.US_DATE, "to_date(paid_on, 'MM/dd/yyyy')")
    found["received_at"] = guarded("received_at", claims.MOMENT, "CAST(received_at AS TIMESTAMP_NTZ)")
    found["updated_at"] = guarded("updated_at", f"{claims.MOMENT}Z", "CAST(updated_at AS TIMESTAMP)")
    for name, (precision, scale) in claims.DECIMALS.items():
        found[name] = guarded(name, claims.decimal_pattern(precision, scale), f"CAST({name} AS DECIMAL({precision}, {scale}))")
    for name in claims.INTEGERS:
        found[name] = guarded(name, claims.WHOLE, f"CAST({name} AS BIGINT)")
    found["distance_km"] = guarded("distance_km", claims.REAL, "CAST(distance_km AS DOUBLE)")
    found["urgent"] = f"CASE WHEN lower(urgent) IN {claims.TRUE} THEN true WHEN lower(urgent) IN {claims.FALSE} THEN false END"
    return found


def checks() -> list[tuple[str, str]]:
    """Return each reason and the SQL of the condition that gives it; `v_` names typed values."""
    found = [("primary_key:claim_id", "claim_id IS NULL")]
    found += [(f"required:{name}", f"{name} IS NULL") for name in claims.REQUIRED]
    found += [(f"type:{name}", f"v_{name} IS NULL AND {name} IS NOT NULL") for name in casts()]
    found += [(f"valid_values:{name}", f"{name} NOT IN {values}") for name, values in claims.VALID.items()]
    found += [(f"pattern:{name}", f"NOT {full(name, pattern)}") for name, pattern in claims.PATTERNS.items()]
    found += [(f"max_length:{name}", f"length({name}) > {most}") for name, most in claims.LONGEST.items()]
    found += [
        ("minimum:billed", "v_billed < 0"),
        ("minimum:units", "v_units < 0"),
        ("maximum:units", f"v_units > {claims.MOST_UNITS}"),
    ]
    return found


def main(folder: Path, out: Path) -> None:
    """Load."""
    clock = Clock()
    spark = session(out / "scratch")
    spark.sql("SELECT 1").collect()
    clock.mark("start")
    schema = ", ".join(f"{name} STRING" for name in COLUMNS)
    frame = spark.read.csv(str(folder), schema=schema, header=True, quote='"', escape='"', nullValue="", mode="FAILFAST")
    values = casts()
    frame = frame.selectExpr("*", *(f"{value} AS v_{name}" for name, value in values.items()))
    broken = " OR ".join(f"({condition})" for _, condition in checks())
    checked = frame.selectExpr("*", f"coalesce({broken}, false) AS broken")
    entries = ", ".join(f"CASE WHEN {condition} THEN '{reason}' END" for reason, condition in checks())
    listed = f"filter(array({entries}), r -> r IS NOT NULL) AS reasons"
    inner, outer = claims.pads()
    typed = {name: f"v_{name}" if name in values else name for name in COLUMNS}
    typed["member_number"] = (
        f"left(sha2(concat(X'{outer}', unhex(sha2(concat(X'{inner}', CAST(member_number AS BINARY)), 256))), 256), 32)"
    )
    typed["birth_date"] = "CAST(trunc(v_birth_date, 'year') AS DATE)"
    accepted = checked.where("NOT broken").selectExpr(*(f"{value} AS {name}" for name, value in typed.items()))
    checked.where("broken").selectExpr(*COLUMNS, listed).write.parquet(str(out / "rejected.parquet"))
    accepted.write.parquet(str(out / "accepted.parquet"))
    spark.read.parquet(str(out / "accepted.parquet")).createOrReplaceTempView("accepted")
    numbered = spark.sql("SELECT *, row_number() OVER (PARTITION BY claim_id ORDER BY updated_at DESC) AS place FROM accepted")
    numbered.where("place = 1").drop("place").write.parquet(str(out / "newest.parquet"))
    spark.stop()
    print(json.dumps(clock.marks))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
