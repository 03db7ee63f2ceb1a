"""What becomes of a table when its contract is no longer the one that it was made for."""

from pyiceberg.exceptions import CommitFailedException, ResolveError
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema, promote
from pyiceberg.table import Table
from pyiceberg.types import IcebergType, ListType, NestedField, PrimitiveType, StructType

from tidegate.aws.errors import speaking_to_aws
from tidegate.errors import ContractInvalid, Problem, StaleCommit


def grow_columns(table: Table, schema: Schema) -> Table:
    """Add columns that the contract or drift brought, and widen those that it widened; lineage columns are always there already.

    Iceberg reads data files of the narrower type as the wider one. A contract that is narrower than the table leaves it as it is.

    Raises:
        ContractInvalid: a column has a type that the table's cannot become. Data files of that type would be read by nobody.
        StaleCommit: the table moved since it was loaded.
    """
    have = {f.name: f.field_type for f in table.schema().fields}
    plain = [f for f in schema.fields if isinstance(f.field_type, PrimitiveType) and f.name in have]
    changed = [f for f in plain if not (_holds(f.field_type, have[f.name]) or _holds(have[f.name], f.field_type))]
    if changed:
        hint = "publish a version of the contract that gives the new type a new column name"
        problems = (Problem(0, f.name, f"the table has {have[f.name]}, the contract {f.field_type}", hint) for f in changed)
        raise ContractInvalid(".".join(table.name()), tuple(problems))
    new: dict[tuple[str, ...], NestedField] = {(f.name,): f for f in schema.fields if f.name not in have}
    new |= {(f.name, part.name): part for f in schema.fields if f.name in have for part in _new_parts(have[f.name], f.field_type)}
    wider = [f for f in plain if not _holds(have[f.name], f.field_type)]
    if new or wider:
        try:
            with speaking_to_aws(), table.update_schema() as change:
                for field in wider:
                    change.update_column(field.name, field_type=field.field_type)
                for path, field in new.items():
                    change.add_column(path, field.field_type, doc=field.doc)
        except CommitFailedException as error:
            raise StaleCommit(f"{'.'.join(table.name())} moved while its columns were changed") from error
    return table


def check_partitions(table: Table, schema: Schema, wanted: PartitionSpec) -> None:
    """Refuse a contract that partitions otherwise than its table: data files that are there lie in the partitions of the table.

    Raises:
        ContractInvalid: the contract was published with other partitions.
    """
    have = [(f.name, f.transform, table.schema().find_column_name(f.source_id)) for f in table.spec().fields]
    if have != [(f.name, f.transform, schema.find_column_name(f.source_id)) for f in wanted.fields]:
        names = " and ".join(name for name, *_ in have) or "nothing"
        hint = "publish a version with the table's partitions, or make silver anew"
        raise ContractInvalid(".".join(table.name()), (Problem(0, "partitioned", f"the table is partitioned by {names}", hint),))


def _new_parts(have: IcebergType, wanted: IcebergType) -> list[NestedField]:
    """Return the parts of a list of structs, such as quarantine's reasons, that an older table does not have."""
    lists = [t.element_type for t in (have, wanted) if isinstance(t, ListType)]
    structs = [t for t in lists if isinstance(t, StructType)]
    return [f for f in structs[1].fields if f.name not in {old.name for old in structs[0].fields}] if structs[1:] else []


def _holds(wide: IcebergType, narrow: IcebergType) -> bool:
    """Whether a column of one type may hold data files of another, by Iceberg's rules of promotion."""
    if wide == narrow:
        return True
    try:
        return bool(promote(narrow, wide) == wide)
    except ResolveError:
        return False
