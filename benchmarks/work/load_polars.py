"""The same load in polars: lazy, with its streaming engine.

    python -m benchmarks.work.load_polars FILES OUT

The masks are made once for each distinct value, because polars has no HMAC and Python has to be asked.
"""

import sys
from pathlib import Path

import polars as pl

from benchmarks.work import claims


def full(name: str, pattern: str) -> pl.Expr:
    """Whether all of a text matches."""
    return pl.col(name).str.contains(rf"\A(?:{pattern})\z")


def guarded(name: str, pattern: str, value: pl.Expr) -> pl.Expr:
    """A value where the text has the right shape, else null."""
    return pl.when(full(name, pattern)).then(value)


def casts() -> dict[str, pl.Expr]:
    """Return each typed column that is not text."""
    found = {
        name: guarded(name, claims.DATE, pl.col(name).str.to_date("%Y-%m-%d", strict=False))
        for name in ("birth_date", "service_date")
    }
    found["paid_on"] = guarded("paid_on", claims.US_DATE, pl.col("paid_on").str.to_date("%m/%d/%Y", strict=False))
    moment = {"time_unit": "us", "strict": False}
    received = pl.col("received_at").str.to_datetime("%Y-%m-%dT%H:%M:%S", **moment)
    updated = pl.col("updated_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", **moment).dt.replace_time_zone("UTC")
    found |= {"received_at": guarded("received_at", claims.MOMENT, received)}
    found |= {"updated_at": guarded("updated_at", f"{claims.MOMENT}Z", updated)}
    for name, (precision, scale) in claims.DECIMALS.items():
        value = pl.col(name).cast(pl.Decimal(precision, scale), strict=False)
        found[name] = guarded(name, claims.decimal_pattern(precision, scale), value)
    for name in claims.INTEGERS:
        found[name] = guarded(name, claims.WHOLE, pl.col(name).cast(pl.Int64, strict=False))
    found["distance_km"] = guarded("distance_km", claims.REAL, pl.col("distance_km").cast(pl.Float64, strict=False))
    word = pl.col("urgent").str.to_lowercase()
    found["urgent"] = pl.when(word.is_in(claims.TRUE)).then(True).when(word.is_in(claims.FALSE)).then(False)  # noqa: FBT003 - a value
    return found


def checks() -> list[tuple[str, pl.Expr]]:
    """Return each reason and the condition that gives it; `v_` names typed values."""
    col = pl.col
    found = [("primary_key:claim_id", col("claim_id").is_null())]
    found += [(f"required:{name}", col(name).is_null()) for name in claims.REQUIRED]
    found += [(f"type:{name}", col(f"v_{name}").is_null() & col(name).is_not_null()) for name in casts()]
    found += [(f"valid_values:{name}", ~col(name).is_in(values)) for name, values in claims.VALID.items()]
    found += [(f"pattern:{name}", ~full(name, pattern)) for name, pattern in claims.PATTERNS.items()]
    found += [(f"max_length:{name}", col(name).str.len_chars() > most) for name, most in claims.LONGEST.items()]
    found += [
        ("minimum:billed", col("v_billed") < 0),
        ("minimum:units", col("v_units") < 0),
        ("maximum:units", col("v_units") > claims.MOST_UNITS),
    ]
    return found


def tokens(values: pl.Series) -> pl.Series:
    """Mask texts, each distinct one once."""
    distinct = values.unique().drop_nulls()
    made = pl.Series([claims.token(text) for text in distinct], dtype=pl.String)
    return values.replace_strict(distinct, made, default=None, return_dtype=pl.String)


def main(folder: Path, out: Path) -> None:
    """Load."""
    texts = pl.scan_csv(folder / "*.csv", infer_schema=False)
    columns = texts.collect_schema().names()
    typed = casts()
    checked = texts.with_columns(value.alias(f"v_{name}") for name, value in typed.items())
    broken = pl.any_horizontal(condition for _, condition in checks()).fill_null(value=False)
    checked = checked.with_columns(broken.alias("broken"))
    listed = pl.concat_list(pl.when(condition).then(pl.lit(reason)) for reason, condition in checks()).list.drop_nulls()
    rejected = checked.filter("broken").select(*columns, listed.alias("reasons"))
    masks = {
        "member_number": pl.col("member_number").map_batches(tokens, return_dtype=pl.String),
        "birth_date": pl.col("v_birth_date").dt.truncate("1y"),
    }
    values = [masks.get(name, pl.col(f"v_{name}") if name in typed else pl.col(name)).alias(name) for name in columns]
    accepted = checked.filter(~pl.col("broken")).select(values)
    sinks = [
        accepted.sink_parquet(out / "accepted.parquet", compression="zstd", lazy=True),
        rejected.sink_parquet(out / "rejected.parquet", compression="zstd", lazy=True),
    ]
    pl.collect_all(sinks, engine="streaming")
    newest = pl.scan_parquet(out / "accepted.parquet").sort("updated_at", descending=True).unique("claim_id", keep="first")
    newest.sink_parquet(out / "newest.parquet", compression="zstd", engine="streaming")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
