"""From a field to the text that is typed: null values, then value map, then default."""

from tidegate.contracts.contract import Column, Contract


def clear_text(contract: Contract, column: Column, field: str | None) -> tuple[str | None, str | None]:
    """The column's text, and the one that its value map does not have if there is one."""
    if column.constant is not None:
        return column.constant, None
    text = None if field is None or field in {"", *contract.null_values, *column.null_values} else field
    unmapped = None
    if column.value_map and text is not None:
        known = dict(column.value_map)
        if text not in known and not column.value_map_keeps:
            unmapped, text = text, None
        else:
            text = known.get(text, text)
    return (column.default if text is None else text), unmapped
