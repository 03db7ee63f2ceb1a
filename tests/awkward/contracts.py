"""The contracts that the awkward files are read with."""

from dataclasses import replace

from tidegate.contracts.contract import Column, ColumnType, Contract, CsvFormat, Format, Kind, LoadMode


def column(name: str, kind: Kind = Kind.STRING, **options: object) -> Column:
    type_ = ColumnType(kind, 10, 2) if kind is Kind.DECIMAL else ColumnType(kind)
    return Column(name, type_, **({"sources": (name,)} | options))  # type: ignore[arg-type]


def contract(*columns: Column, csv: CsvFormat = CsvFormat()) -> Contract:  # noqa: B008 - frozen
    return Contract("shop", "sales", "1.2.0", "0" * 64, columns, LoadMode.APPEND, csv=csv)


ABC = contract(column("a"), column("b"), column("c", Kind.INTEGER))
CONTRACTS = {
    "abc": ABC,
    "strict": contract(column("a", required=True), column("b"), column("c", Kind.INTEGER)),
    "broken": contract(column("a", sources=("a\nb",)), column("b"), column("c", Kind.INTEGER)),
    "one": contract(column("a")),
    "typed": contract(
        column("i", Kind.INTEGER),
        column("d", Kind.DECIMAL),
        column("f", Kind.DOUBLE),
        column("day", Kind.DATE),
        column("at", Kind.TIMESTAMPTZ, default_timezone="Europe/Berlin"),
        column("ok", Kind.BOOLEAN),
    ),
    "utf16": replace(ABC, csv=CsvFormat(encoding="utf-16")),
    "latin1": replace(ABC, csv=CsvFormat(encoding="latin-1")),
    "cp1252": replace(ABC, csv=CsvFormat(encoding="cp1252")),
    "semicolon": replace(ABC, csv=CsvFormat(delimiter=";")),
    "json": replace(ABC, format=Format.JSON),
    "parquet": replace(ABC, format=Format.PARQUET),
    "xlsx": replace(ABC, format=Format.EXCEL),
    "tab": replace(ABC, csv=CsvFormat(delimiter="\t")),
}
