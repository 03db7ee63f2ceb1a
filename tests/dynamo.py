"""DynamoDB in memory: the part of the low-level client that `tidegate.aws.table` uses, refusing what DynamoDB refuses.

The contract tests of the ledger run on it and on moto, so the real ledger can run on it wherever speed matters: the unit tests and the
simulator. Every operation passes through `around`, where a simulator stops time, kills the caller or loses the answer.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]
Around = Callable[[str, Callable[[], Any]], Any]
_MOST_WRITES = 100
_TOKEN = re.compile(r"\s*(<=|>=|<>|[=<>(),+-]|[A-Za-z0-9_#:.]+)")
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")
_RESERVED = frozenset(
    [
        "batch",
        "count",
        "data",
        "date",
        "day",
        "hash",
        "key",
        "keys",
        "list",
        "name",
        "order",
        "range",
        "read",
        "records",
        "row",
        "rows",
        "schema",
        "size",
        "state",
        "status",
        "table",
        "time",
        "token",
        "value",
        "values",
        "view",
        "write",
    ]
)


class ConditionalCheckFailedException(ClientError):
    """A condition refused a single write."""


class TransactionCanceledException(ClientError):
    """A condition refused a transaction."""


class _Exceptions:
    ConditionalCheckFailedException = ConditionalCheckFailedException
    TransactionCanceledException = TransactionCanceledException


class FakeDynamo:
    """One table with keys `pk` and `sk` and an index `by_kind` on `gpk` and `gsk` that holds keys only."""

    exceptions = _Exceptions

    def __init__(self, around: Around = lambda _operation, effect: effect()) -> None:
        self.around = around
        self.partitions: dict[str, dict[str, Item]] = {}
        self._kinds: dict[str, set[tuple[str, str]]] = {}

    # Operations

    def get_item(self, *, Key: Item, **_: Any) -> dict[str, Any]:
        return self.around("GetItem", lambda: {"Item": found} if (found := self._find(Key)) else {})

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        def read() -> dict[str, Any]:
            found = {t: [i for k in asked["Keys"] if (i := self._find(k))] for t, asked in RequestItems.items()}
            return {"Responses": found, "UnprocessedKeys": {}}

        for asked in RequestItems.values():
            names = [_name_of(key) for key in asked["Keys"]]
            _require(len(set(names)) == len(names) <= _MOST_WRITES, "Provided list of item keys contains duplicates")
        return self.around("BatchGetItem", read)

    def put_item(self, *, Item: Item, **write: Any) -> dict[str, Any]:
        return self._one("PutItem", {"Put": {"Item": Item, **write}})

    def update_item(self, **write: Any) -> dict[str, Any]:
        return self._one("UpdateItem", {"Update": write})

    def delete_item(self, **write: Any) -> dict[str, Any]:
        return self._one("DeleteItem", {"Delete": write})

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:
        _require(1 <= len(TransactItems) <= _MOST_WRITES, "a transaction has 1 to 100 writes")
        names = [_name_of(_key_of(write)) for write in TransactItems]
        _require(len(set(names)) == len(names), "Transaction request cannot include multiple operations on one item")

        def write() -> dict[str, Any]:
            allowed = [self._allows(w) for w in TransactItems]
            if not all(allowed):
                reasons = [{"Code": "None" if ok else "ConditionalCheckFailed"} for ok in allowed]
                raise TransactionCanceledException(
                    {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}, "TransactWriteItems"
                )
            for w in TransactItems:
                self._apply(w)
            return {}

        return self.around("TransactWriteItems", write)

    def get_paginator(self, operation: str) -> "_Pages":
        assert operation == "query"
        return _Pages(self)

    def query(self, condition: str, values: Item, *, index: bool) -> list[Item]:
        partition = str(values[condition.split("=")[1].split(maxsplit=1)[0]]["S"])
        if not index:
            after = values[":after"]["S"] if ":after" in condition else ""
            return [item for sk, item in sorted(self.partitions.get(partition, {}).items()) if sk > after]
        listed = [self.partitions[pk][sk] for pk, sk in self._kinds.get(partition, ())]
        if "BETWEEN" in condition:
            low, high = values[":since"]["S"], values[":until"]["S"]
            listed = [i for i in listed if low <= i["gsk"]["S"] <= high]
        keys = [{name: item[name] for name in ("pk", "sk", "gpk", "gsk")} for item in listed]
        return sorted(keys, key=lambda i: (i["gsk"]["S"], i["pk"]["S"]))

    # Inside

    def _one(self, operation: str, write: dict[str, Any]) -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            if not self._allows(write):
                raise ConditionalCheckFailedException({"Error": {"Code": "ConditionalCheckFailedException"}}, operation)
            self._apply(write)
            return {}

        return self.around(operation, effect)

    def _find(self, key: Item) -> Item | None:
        pk, sk = _name_of(key)
        found = self.partitions.get(pk, {}).get(sk)
        return copy.copy(found) if found is not None else None

    def _allows(self, write: dict[str, Any]) -> bool:
        ((_, fields),) = write.items()
        _check_names(fields)
        expression = fields.get("ConditionExpression")
        if not expression:
            return True
        values, names = fields.get("ExpressionAttributeValues", {}), fields.get("ExpressionAttributeNames", {})
        return bool(_condition(expression)(self._find(_key_of(write)) or {}, values, names))

    def _apply(self, write: dict[str, Any]) -> None:
        ((kind, fields),) = write.items()
        pk, sk = _name_of(_key_of(write))
        old = self.partitions.get(pk, {}).pop(sk, None)
        if old and "gpk" in old:
            self._kinds[old["gpk"]["S"]].discard((pk, sk))
        if kind == "Delete":
            return
        new = old
        if kind == "Put":
            new = dict(fields["Item"])
        elif kind == "Update":
            values, names = fields.get("ExpressionAttributeValues", {}), fields.get("ExpressionAttributeNames", {})
            new = {**fields["Key"], **(old or {})}
            for change in _update(fields["UpdateExpression"]):
                change(new, values, names)
        if new is None:  # a condition on an item that is not there
            return
        self.partitions.setdefault(pk, {})[sk] = new
        if "gpk" in new:
            self._kinds.setdefault(new["gpk"]["S"], set()).add((pk, sk))


class _Pages:
    def __init__(self, client: FakeDynamo) -> None:
        self._client = client

    def paginate(
        self,
        *,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Item,
        IndexName: str = "",
        PaginationConfig: Mapping[str, int] | None = None,
        **_: Any,
    ) -> Iterator[dict[str, Any]]:
        """Give pages as DynamoDB does: each is read when it is asked for."""
        size = (PaginationConfig or {}).get("PageSize", 1000)
        start = 0
        while True:
            found = self._client.around(
                "Query",
                lambda: self._client.query(KeyConditionExpression, ExpressionAttributeValues, index=bool(IndexName)),
            )
            yield {"Items": [copy.copy(i) for i in found[start : start + size]]}
            start += size
            if start >= len(found):
                return


def _name_of(key: Item) -> tuple[str, str]:
    pk, sk = key["pk"]["S"], key["sk"]["S"]
    _require(bool(pk and sk), "One or more parameter values are not valid: a key is empty")
    return pk, sk


def _key_of(write: dict[str, Any]) -> Item:
    ((_, fields),) = write.items()
    return fields["Item"] if "Item" in fields else fields["Key"]


def _require(holds: bool, message: str) -> None:  # noqa: FBT001 - a condition
    if not holds:
        raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "DynamoDB")


# Expressions


def _check_names(fields: Mapping[str, Any]) -> None:
    text = " ".join(fields.get(name, "") for name in ("UpdateExpression", "ConditionExpression"))
    used = _words(text)
    values, names = fields.get("ExpressionAttributeValues", {}), fields.get("ExpressionAttributeNames", {})
    _require({w for w in used if w[0] == ":"} == set(values), "ExpressionAttributeValues unused or missing")
    _require({w for w in used if w[0] == "#"} == set(names), "ExpressionAttributeNames unused or missing")
    _require(not (_RESERVED & {w.lower() for w in used}), "Attribute name is a reserved keyword")


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z0-9_#:]+", text))


def _attribute(name: str, names: Mapping[str, str]) -> str:
    return names[name] if name.startswith("#") else name


Test = Callable[[Item, Item, Mapping[str, str]], Any]


@cache
def _condition(text: str) -> Test:  # noqa: C901 - a parser of one page
    tokens = _TOKEN.findall(text)
    place = 0

    def peek() -> str:
        return tokens[place] if place < len(tokens) else ""

    def take(wanted: str = "") -> str:
        nonlocal place
        token = tokens[place]
        assert wanted in ("", token), f"{wanted!r} wanted at {token!r} in {text!r}"
        place += 1
        return token

    def either() -> Test:
        parts = [both()]
        while peek() == "OR":
            take()
            parts.append(both())
        return parts[0] if len(parts) == 1 else lambda i, v, n: any(p(i, v, n) for p in parts)

    def both() -> Test:
        parts = [single()]
        while peek() == "AND":
            take()
            parts.append(single())
        return parts[0] if len(parts) == 1 else lambda i, v, n: all(p(i, v, n) for p in parts)

    def single() -> Test:
        if peek() == "(":
            take()
            inner = either()
            take(")")
            return inner
        word = take()
        if word in ("attribute_exists", "attribute_not_exists"):
            take("(")
            name, wanted = take(), word == "attribute_exists"
            take(")")
            return lambda i, _v, n: (_attribute(name, n) in i) is wanted
        left, operator = _operand(word), take()
        if operator == "IN":
            take("(")
            choices = [_operand(take())]
            while take() == ",":
                choices.append(_operand(take()))
            return lambda i, v, n: left(i, v, n) is not None and any(left(i, v, n) == c(i, v, n) for c in choices)
        return _comparison(left, operator, _operand(take()))

    test = either()
    assert place == len(tokens), f"{text!r} is not understood after {tokens[:place]}"
    return test


def _operand(word: str) -> Test:
    if word.startswith(":"):
        return lambda _i, v, _n: v[word]
    return lambda i, _v, n: i.get(_attribute(word, n))


def _comparison(left: Test, operator: str, right: Test) -> Test:
    compare = {
        "=": lambda a, b: a == b,
        "<>": lambda a, b: a != b,
        "<": lambda a, b: _plain(a) < _plain(b),
        "<=": lambda a, b: _plain(a) <= _plain(b),
        ">": lambda a, b: _plain(a) > _plain(b),
        ">=": lambda a, b: _plain(a) >= _plain(b),
    }[operator]

    def test(i: Item, v: Item, n: Mapping[str, str]) -> bool:
        a, b = left(i, v, n), right(i, v, n)
        if a is None or b is None:
            return operator == "<>"
        return bool(a.keys() == b.keys() and compare(a, b))

    return test


def _plain(value: Item) -> Any:
    ((kind, inner),) = value.items()
    return int(inner) if kind == "N" else inner


Change = Callable[[Item, Item, Mapping[str, str]], None]


@cache
def _update(text: str) -> tuple[Change, ...]:
    changes: list[Change] = []
    for clause, body in re.findall(r"(SET|REMOVE|ADD|DELETE)\s+(.*?)(?=\s+(?:SET|REMOVE|ADD|DELETE)\s|$)", text):
        for part in body.split(","):
            words = part.split()
            assert clause in _CLAUSES
            name = words[0]
            _require(name not in ("pk", "sk"), "Cannot update attribute: it is part of the key")
            if clause == "SET":
                assert [words[1], len(words)] == ["=", 3], f"{part!r} is not understood"
                changes.append(_setting(name, words[2]))
            else:
                changes.append({"ADD": _adding, "DELETE": _deleting}[clause](name, words[1]))
    return tuple(changes)


def _setting(name: str, value: str) -> Change:
    def change(i: Item, v: Item, n: Mapping[str, str]) -> None:
        i[_attribute(name, n)] = v[value]

    return change


def _adding(name: str, value: str) -> Change:
    def change(i: Item, v: Item, n: Mapping[str, str]) -> None:
        key, ((kind, more),) = _attribute(name, n), v[value].items()
        old = i.get(key, {kind: "0" if kind == "N" else []})
        _require(kind in old and kind in ("N", "SS"), "An operand in the update expression has an incorrect data type")
        i[key] = {"N": str(int(old["N"]) + int(more))} if kind == "N" else {"SS": sorted({*old["SS"], *more})}

    return change


def _deleting(name: str, value: str) -> Change:
    def change(i: Item, v: Item, n: Mapping[str, str]) -> None:
        key = _attribute(name, n)
        left = sorted({*i.get(key, {"SS": []})["SS"]} - {*v[value]["SS"]})
        if left:
            i[key] = {"SS": left}
        else:
            i.pop(key, None)

    return change
