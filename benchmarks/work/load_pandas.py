"""The same load in pandas with pyarrow's types, in memory, written as awswrangler writes: by pyarrow, but to local disk.

    python -m benchmarks.work.load_pandas FILES OUT

`awswrangler.s3.to_parquet` writes to S3 only; without the upload it is `DataFrame.to_parquet` with typed columns.
"""

import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.work import claims


def arrow(type_: pa.DataType) -> pd.ArrowDtype:
    """Return pandas' name of an Arrow type."""
    return pd.ArrowDtype(type_)


TEXT = arrow(pa.string())


def guarded(texts: pd.Series, pattern: str) -> pd.Series:
    """Return the texts that have the right shape, null for the others."""
    return texts.where(texts.str.fullmatch(pattern).fillna(value=False))


def moments(texts: pd.Series, pattern: str, form: str, type_: pa.DataType) -> pd.Series:
    """Return dates or timestamps, null for what is none."""
    return pd.to_datetime(guarded(texts, pattern), format=form, errors="coerce").astype("datetime64[us]").astype(arrow(type_))


def typed(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return each typed column that is not text."""
    found = {name: moments(frame[name], claims.DATE, "%Y-%m-%d", pa.date32()) for name in ("birth_date", "service_date")}
    found["paid_on"] = moments(frame["paid_on"], claims.US_DATE, "%m/%d/%Y", pa.date32())
    found["received_at"] = moments(frame["received_at"], claims.MOMENT, "%Y-%m-%dT%H:%M:%S", pa.timestamp("us"))
    updated = moments(frame["updated_at"], f"{claims.MOMENT}Z", "%Y-%m-%dT%H:%M:%SZ", pa.timestamp("us"))
    found["updated_at"] = updated.dt.tz_localize("UTC")
    for name, (precision, scale) in claims.DECIMALS.items():
        shaped = guarded(frame[name], claims.decimal_pattern(precision, scale))
        found[name] = shaped.astype(arrow(pa.decimal128(precision, scale)))
    for name in claims.INTEGERS:
        found[name] = guarded(frame[name], claims.WHOLE).astype(arrow(pa.int64()))
    found["distance_km"] = guarded(frame["distance_km"], claims.REAL).astype(arrow(pa.float64()))
    words = {word: value for words, value in ((claims.TRUE, True), (claims.FALSE, False)) for word in words}
    found["urgent"] = frame["urgent"].str.lower().map(words).astype(arrow(pa.bool_()))
    return found


def checks(frame: pd.DataFrame, values: dict[str, pd.Series]) -> dict[str, pd.Series]:
    """Return each reason and the rows that have it."""
    found = {"primary_key:claim_id": frame["claim_id"].isna()}
    found |= {f"required:{name}": frame[name].isna() for name in claims.REQUIRED}
    found |= {f"type:{name}": value.isna() & frame[name].notna() for name, value in values.items()}
    found |= {f"valid_values:{name}": ~frame[name].isin(valid) & frame[name].notna() for name, valid in claims.VALID.items()}
    found |= {f"pattern:{name}": ~frame[name].str.fullmatch(pattern) for name, pattern in claims.PATTERNS.items()}
    found |= {f"max_length:{name}": frame[name].str.len() > most for name, most in claims.LONGEST.items()}
    found |= {
        "minimum:billed": values["billed"] < 0,
        "minimum:units": values["units"] < 0,
        "maximum:units": values["units"] > claims.MOST_UNITS,
    }
    return {reason: rows.fillna(value=False).astype(bool) for reason, rows in found.items()}


def main(folder: Path, out: Path) -> None:
    """Load."""
    files = sorted(folder.glob("*.csv"))
    as_text = {"dtype": TEXT, "engine": "pyarrow", "keep_default_na": False, "na_values": [""]}
    frame = pd.concat([pd.read_csv(f, **as_text) for f in files], ignore_index=True)
    values = typed(frame)
    found = checks(frame, values)
    broken = pd.Series(data=False, index=frame.index)
    for rows in found.values():
        broken |= rows
    where = broken[broken].index
    flags = {reason: set(rows[rows].index) for reason, rows in found.items()}
    reasons = [[reason for reason, rows in flags.items() if row in rows] for row in where]
    rejected = pa.Table.from_pandas(frame.loc[where], preserve_index=False)
    pq.write_table(rejected.append_column("reasons", pa.array(reasons, pa.list_(pa.string()))), out / "rejected.parquet")
    codes, distinct = pd.factorize(frame["member_number"])
    tokens = pd.array([claims.token(text) for text in distinct], dtype=TEXT)
    values["member_number"] = pd.Series(tokens.take(codes, allow_fill=True), index=frame.index)
    values["birth_date"] = moments(frame["birth_date"].str.slice(0, 4) + "-01-01", claims.DATE, "%Y-%m-%d", pa.date32())
    accepted = frame.assign(**values)[~broken]
    accepted.to_parquet(out / "accepted.parquet", engine="pyarrow", compression="zstd", index=False)
    newest = accepted.sort_values("updated_at").drop_duplicates("claim_id", keep="last")
    newest.to_parquet(out / "newest.parquet", engine="pyarrow", compression="zstd", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
