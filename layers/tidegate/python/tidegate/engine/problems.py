"""Contract findings that only the engine can make."""

from typing import NoReturn

from tidegate.contracts.contract import Column
from tidegate.errors import ContractInvalid, Problem


def refuse_contract(column: Column, part: str, message: str, hint: str = "") -> NoReturn:
    """Raise ContractInvalid for one part of a column; the engine knows no line numbers."""
    raise ContractInvalid("contract", (Problem(0, f"columns.{column.name}.{part}", message, hint),))
