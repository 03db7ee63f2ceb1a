"""How classified columns are made safe: the classification's default, and what may replace it."""

from dataclasses import dataclass

from tidegate.contracts.contract import Kind, Privacy, When
from tidegate.contracts.customs import Customs
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, suggest
from tidegate.contracts.odcs import below
from tidegate.contracts.vocabulary import CLASSIFICATIONS

_YEARS = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
_KINDS = {Privacy.TOKENISE: frozenset({Kind.STRING}), Privacy.ZIP3: frozenset({Kind.STRING}), Privacy.YEAR: _YEARS}


@dataclass(frozen=True, slots=True)
class Protection:
    """A column's classification and what follows from it."""

    classification: str
    privacy: Privacy
    when: When | None = None


def read_protection(column: Node, kind: Kind, customs: Customs, path: str, findings: Findings) -> Protection:
    """Return how a column is protected."""
    classification = column.string("classification", "public")
    line = column.line_of("classification")
    if classification not in CLASSIFICATIONS:
        hint = suggest(classification, CLASSIFICATIONS)
        findings.add(line, below(path, "classification"), f"the classification {classification} is not known", hint)
        return Protection(classification, Privacy.REDACT)
    written = customs.text("privacy")
    privacy = Privacy(written) if written else _default(classification, kind)
    line = customs.line("privacy", line)
    if privacy is None:
        findings.add(line, path, f"a personal {kind} needs a privacy", "customProperties: [{property: privacy, value: redact}]")
        return Protection(classification, Privacy.REDACT)
    if privacy is Privacy.KEEP and classification in {"personal", "sensitive"}:
        findings.add(line, path, f"a {classification} column cannot be kept as it is", "take privacy out, or classify it lower")
    if kind not in _KINDS.get(privacy, {kind}):
        findings.add(line, path, f"{privacy} is not for a {kind}", f"for {', '.join(sorted(_KINDS[privacy]))}; redact is for all")
    if column.true("primaryKey") and privacy not in {Privacy.KEEP, Privacy.TOKENISE}:
        findings.add(line, path, f"{privacy} on the primary key makes different rows one", "tokenise keeps keys apart")
    return Protection(classification, privacy, _when(customs, privacy, path, findings))


def _default(classification: str, kind: Kind) -> Privacy | None:
    """Return the privacy that a classification asks for; None when it leaves the choice to the author."""
    if classification == "sensitive":
        return Privacy.REDACT
    if classification != "personal":
        return Privacy.KEEP
    if kind is Kind.STRING:
        return Privacy.TOKENISE
    return Privacy.YEAR if kind in _YEARS else None


def _when(customs: Customs, privacy: Privacy, path: str, findings: Findings) -> When | None:
    node = customs.values.get("privacyWhen")
    if node is None:
        return None
    if privacy is Privacy.KEEP:
        findings.add(node.line, path, "privacyWhen has no effect on a column that is kept", "classification: personal")
    return When(node.string("column"), tuple(item.text for item in node["values"].items))
