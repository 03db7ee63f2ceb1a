"""How classified columns are made safe: the classification's default, and what may replace it."""

from dataclasses import dataclass

from tidegate.contracts.contract import Kind, Privacy, When
from tidegate.contracts.customs import Customs
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, suggest
from tidegate.contracts.odcs import below
from tidegate.contracts.vocabulary import CLASSIFICATIONS

_YEARS = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
_TEXTS, _AGES = frozenset({Kind.STRING}), frozenset({Kind.INTEGER})
_KINDS = {
    Privacy.TOKENISE: _TEXTS,
    Privacy.ZIP3: _TEXTS,
    Privacy.ZIP3_SAFE: _TEXTS,
    Privacy.YEAR: _YEARS,
    Privacy.MONTH: _YEARS,
    Privacy.DATE_SHIFT: _YEARS,
    Privacy.AGE10: _AGES,
    Privacy.AGE90: _AGES,
}


@dataclass(frozen=True, slots=True)
class Protection:
    """A column's classification and what follows from it."""

    classification: str
    privacy: Privacy
    when: When | None = None
    by: str | None = None


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
    return Protection(classification, privacy, _when(customs, privacy, path, findings), _by(customs, privacy, line, path, findings))


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
    if privacy is Privacy.DROP:
        findings.add(node.line, path, "a column is in the tables or it is not", "privacy: redact leaves nulls in some rows")
    return When(node.string("column"), tuple(item.text for item in node["values"].items))


def _by(customs: Customs, privacy: Privacy, line: int, path: str, findings: Findings) -> str | None:
    """Return whose dates are shifted together; `read_columns` looks whether there is such a column."""
    by = customs.text("privacyBy")
    if privacy is Privacy.DATE_SHIFT and by is None:
        hint = "customProperties: [{property: privacyBy, value: patient_id}]"
        findings.add(line, path, "date_shift needs to know whose dates they are", hint)
    if privacy is not Privacy.DATE_SHIFT and by is not None:
        findings.add(customs.line("privacyBy", line), path, f"privacyBy has no effect on {privacy}", "privacy: date_shift")
    return by
