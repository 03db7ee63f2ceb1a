"""The fields of the standard: read, purely descriptive, or refused.

One that asks for something Tidegate does not do is never ignored, so that nobody relies on it.
"""

from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings
from tidegate.contracts.odcs import below

OPERATORS = (
    "mustBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
)
#: Fields that have an effect, by place.
READ = {
    "contract": (
        "apiVersion",
        "kind",
        "id",
        "name",
        "domain",
        "version",
        "status",
        "servers",
        "schema",
        "description",
        "slaProperties",
        "customProperties",
    ),
    "server": ("server", "type", "location", "format", "delimiter", "encoding"),
    "schema": ("name", "logicalType", "properties", "quality", "relationships", "description"),
    "column": (
        "name",
        "logicalType",
        "logicalTypeOptions",
        "physicalType",
        "primaryKey",
        "primaryKeyPosition",
        "partitioned",
        "partitionKeyPosition",
        "required",
        "unique",
        "classification",
        "transformSourceObjects",
        "transformLogic",
        "quality",
        "relationships",
        "description",
        "customProperties",
    ),
    "quality": ("id", "type", "metric", "arguments", "severity", "unit", "query", *OPERATORS),
}
#: Fields that only describe: allowed, checked against the standard, otherwise without effect.
_ALWAYS = ("id", "description", "tags", "authoritativeDefinitions")
_ELEMENT = (*_ALWAYS, "businessName", "synonyms", "deprecated")
DESCRIPTIVE = {
    "contract": (
        "tenant",
        "tags",
        "dataProduct",
        "context",
        "support",
        "price",
        "team",
        "roles",
        "slaDefaultElement",
        "authoritativeDefinitions",
        "contractCreatedTs",
    ),
    "server": ("id", "description", "environment", "roles"),
    "schema": (*_ELEMENT, "physicalType", "dataGranularityDescription", "context"),
    "column": (*_ELEMENT, "examples", "transformDescription", "criticalDataElement"),
    "quality": ("description", "tags", "authoritativeDefinitions", "name", "dimension", "businessImpact"),
}
#: Fields of the standard that ask for something Tidegate does not do, with what to write instead.
REFUSED = {
    "server": {"endpointUrl": "the landing bucket is the stack's", "customProperties": "server settings are fields of their own"},
    "schema": {
        "physicalName": "the table is named <domain>_<name>",
        "customProperties": "put them on the contract or on a column",
    },
    "column": {
        "physicalName": "the column is named by name",
        "encryptedName": "use classification and privacy",
        "enum": "use quality: [{metric: invalidValues, arguments: {validValues: […]}, mustBe: 0}]",
        "semanticType": "every property is a column",
        "properties": "name nested values by paths in transformSourceObjects",
        "items": "name nested values by paths in transformSourceObjects",
        "map": "name nested values by paths in transformSourceObjects",
    },
    "quality": {
        "rule": "write metric: instead",
        "engine": "use a metric, or type: sql with a query",
        "implementation": "use a metric, or type: sql with a query",
        "schedule": "rules are checked on every load",
        "scheduler": "rules are checked on every load",
        "method": "rules are checked on every load",
        "customProperties": "a rule has none",
        "mustNotBe": f"use one of {', '.join(OPERATORS)}",
        "mustNotBeBetween": "use mustBeBetween",
    },
}
#: Refused fields whose default asks for nothing, so that it may be written.
HARMLESS = {"semanticType": "column"}


def refuse_unsupported(place: str, node: Node, path: str, findings: Findings) -> None:
    """Record every field of a server, schema, column or quality rule that would have an effect nobody implements."""
    for name, hint in REFUSED[place].items():
        if name not in node or (name in HARMLESS and node[name].value == HARMLESS[name]):
            continue
        if name == "physicalName" and node.string(name) == node.string("name"):
            continue
        findings.add(node.line_of(name), below(path, name), f"{name} is not supported", hint)
