"""Which columns silver is partitioned by, and in what pieces."""

from tidegate.contracts.contract import Kind, PartitionBy, Privacy
from tidegate.contracts.customs import Customs
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings

_TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
_VALUES = frozenset({Kind.STRING, Kind.INTEGER, Kind.BOOLEAN, Kind.DATE})
_USELESS = {
    Privacy.TOKENISE: "nearly every row would have a partition of its own",
    Privacy.REDACT: "it is always null",
    Privacy.DROP: "no table has it",
}


def read_partition(node: Node, kind: Kind, privacy: Privacy, customs: Customs, path: str, findings: Findings) -> PartitionBy | None:
    """Return the pieces that a column's values are partitioned in, None when they are not."""
    written = customs.text("partitionTransform")
    if not node.true("partitioned"):
        if written is not None:
            line = customs.line("partitionTransform", node.line)
            findings.add(line, path, "partitionTransform has no effect on a column that is not partitioned", "partitioned: true")
        return None
    line = node.line_of("partitioned")
    if privacy in _USELESS:
        findings.add(line, path, f"partitioned by a column whose privacy is {privacy}: {_USELESS[privacy]}", "another column")
    by = PartitionBy(written) if written else (PartitionBy.MONTH if kind in _TIMES else PartitionBy.IDENTITY)
    if kind not in (_VALUES if by is PartitionBy.IDENTITY else _TIMES):
        hint = "a date or timestamp by year, month or day; text, an integer, a boolean or a date by identity"
        findings.add(line, path, f"a {kind} cannot be partitioned by {by}", hint)
    return by
