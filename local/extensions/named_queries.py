"""CloudFormation makes named queries of Athena.

The emulator's Athena has named queries, its CloudFormation does not know the type. As on AWS the physical id is the query's, and a change
of any property makes another query in its place.
"""

from typing import Any

from ministack.services import athena
from ministack.services.cloudformation import provisioners

TYPE = "AWS::Athena::NamedQuery"
_KEPT = ("Name", "Description", "Database", "QueryString", "WorkGroup")
_NEEDED = ("Database", "QueryString")


def install() -> None:
    """Teach the emulator the type."""
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": _create, "update": _update, "delete": _delete}


def _create(_logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    for name in _NEEDED:
        if not properties.get(name):
            raise ValueError(f"Property validation failure: [The property {{/{name}}} is required]")
    group = properties.get("WorkGroup", "primary")
    athena._ensure_default_workgroup()
    if group not in athena._workgroups:
        raise ValueError(f"{TYPE} create failed: WorkGroup {group} is not found.")
    kept = {name: properties[name] for name in _KEPT if name in properties}
    made = provisioners._glue_call(athena._create_named_query, kept, TYPE, "create")
    return made["NamedQueryId"], {"NamedQueryId": made["NamedQueryId"]}


def _update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    if all(old.get(name) == new.get(name) for name in _KEPT):
        return physical_id, {"NamedQueryId": physical_id}
    made = _create("", new, stack)
    _delete(physical_id, old)
    return made


def _delete(physical_id: str, _properties: dict[str, Any]) -> None:
    athena._delete_named_query({"NamedQueryId": physical_id})
