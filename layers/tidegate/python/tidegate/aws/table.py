"""A DynamoDB table with one key pair and one index: reads that page by themselves, transactions that say which condition failed."""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from tidegate.aws import items
from tidegate.aws.errors import speaking_to_aws
from tidegate.errors import Throttled

T = TypeVar("T")
_BATCH_GET = 100
_TRIES = 10
_PAUSE = 0.05
_INDEX = "by_kind"
_RESERVED = ("token", "state", "batch")  # DynamoDB wants these by another name in expressions


class Table:
    """Low-level reads and writes; the ledger's transitions are built from these."""

    def __init__(self, client: Any, table: str) -> None:  # noqa: ANN401 - boto3 clients have no static type
        """Keep the client and the table's name."""
        self._client, self._table = client, table

    def get(self, key: items.Item) -> items.Item | None:
        """Read one item, strongly consistent."""
        with speaking_to_aws():
            found: items.Item | None = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return found

    def get_all(self, keys: Sequence[items.Item]) -> Iterator[items.Item]:
        """Read many items, strongly consistent, in any order; missing ones are left out."""
        for chunk in chunks(keys, _BATCH_GET):
            asked: dict[str, Any] = {self._table: {"Keys": chunk, "ConsistentRead": True}}
            for attempt in range(_TRIES):
                with speaking_to_aws():
                    answer = self._client.batch_get_item(RequestItems=asked)
                yield from answer["Responses"].get(self._table, ())
                asked = answer.get("UnprocessedKeys", {})
                if not asked:
                    break
                _pause(attempt)
            else:
                raise Throttled("BatchGetItem left keys unread")

    def query(self, pk: str, limit: int | None = None, after: str = "") -> Iterator[dict[str, Any]]:
        """Read the items of a partition whose sort keys are above `after`, in their order, strongly consistent, as plain values."""
        pages = {"PageSize": limit} if limit else {}
        condition, values = "pk = :pk", {":pk": pk}
        if after:
            condition, values = "pk = :pk AND sk > :after", {":pk": pk, ":after": after}
        with speaking_to_aws():
            paginator = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=items.encode(values),
                ConsistentRead=True,
                PaginationConfig=pages,
            )
            for page in paginator:
                yield from map(items.decode, page["Items"])

    def index(self, gpk: str, since: str = "", until: str = "") -> Iterator[dict[str, Any]]:
        """List the keys in the index, eventually consistent, optionally between two sort keys, as plain values."""
        condition, values = "gpk = :gpk", {":gpk": gpk}
        if since or until:
            condition, values = (
                "gpk = :gpk AND gsk BETWEEN :since AND :until",
                {**values, ":since": since or " ", ":until": until or "~"},
            )
        with speaking_to_aws():
            paginator = self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=_INDEX,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=items.encode(values),
            )
            for page in paginator:
                yield from map(items.decode, page["Items"])

    def listed(self, gpk: str, since: str = "", until: str = "") -> Iterator[items.Item]:
        """List the items that the index names, in its order: found through it eventually, read as they are now."""
        for chunk in chunks(self.index(gpk, since, until), _BATCH_GET):
            names = [(entry["pk"], entry["sk"]) for entry in chunk]
            found = {(i["pk"]["S"], i["sk"]["S"]): i for i in self.get_all([items.key(*name) for name in names])}
            yield from (found[name] for name in names if name in found)

    def write(self, item: items.Item) -> None:
        """Put an item, whatever was there."""
        with speaking_to_aws():
            self._client.put_item(TableName=self._table, Item=item)

    def change(self, key: items.Item, change: str, condition: str, values: Mapping[str, Any]) -> bool:
        """Update one item; False when the condition refused it. It costs half of a transaction of one."""
        update = self.update(key, change, condition, values)["Update"]
        try:
            with speaking_to_aws():
                self._client.update_item(**update)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def transact(self, writes: Sequence[Mapping[str, Any]]) -> tuple[bool, ...] | None:
        """Make all writes or none. None: made. Otherwise one flag a write: whether its condition refused it."""
        for attempt in range(_TRIES):
            try:
                with speaking_to_aws():
                    self._client.transact_write_items(TransactItems=list(writes))
            except self._client.exceptions.TransactionCanceledException as cancelled:
                reasons = [r.get("Code", "None") for r in cancelled.response.get("CancellationReasons", ())]
                if "ConditionalCheckFailed" in reasons:
                    return tuple(r == "ConditionalCheckFailed" for r in reasons)
                if not {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"} & set(reasons):
                    raise
                _pause(attempt)  # another transaction touches the same items: try again
            else:
                return None
        raise Throttled("TransactWriteItems met conflicts again and again")

    def put_new(self, item: items.Item) -> dict[str, Any]:
        """Return a write that creates an item and is refused when it exists."""
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}

    def put(self, item: items.Item) -> dict[str, Any]:
        """Return an unconditional write."""
        return {"Put": {"TableName": self._table, "Item": item}}

    def delete(self, key: items.Item) -> dict[str, Any]:
        """Return a delete; a missing item is fine."""
        return {"Delete": {"TableName": self._table, "Key": key}}

    def update(self, key: items.Item, change: str, condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return an update, conditional unless `condition` is empty. `_RESERVED` words are written with a `#`."""
        update = {
            "TableName": self._table,
            "Key": key,
            "UpdateExpression": change,
            "ExpressionAttributeValues": items.encode(values),
        }
        if condition:
            update["ConditionExpression"] = condition
        if names := _names(change + condition):
            update["ExpressionAttributeNames"] = names
        return {"Update": update}

    def check(self, key: items.Item, condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a condition that must hold for the other writes of a transaction."""
        check = {
            "TableName": self._table,
            "Key": key,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": items.encode(values),
        }
        if names := _names(condition):
            check["ExpressionAttributeNames"] = names
        return {"ConditionCheck": check}


def chunks(sequence: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a sequence into lists of at most `size`."""
    rest = iter(sequence)
    while chunk := list(islice(rest, size)):
        yield chunk


def _names(expression: str) -> dict[str, str]:
    return {f"#{word}": word for word in _RESERVED if f"#{word}" in expression}


def _pause(attempt: int) -> None:
    time.sleep(_PAUSE * 2**attempt * random.random())  # noqa: S311 - jitter, not a secret
