"""The secret's forms, and what a rotation does to it."""

import json

import pytest

from tidegate.errors import Permanent
from tidegate.model.keys import Keys, read_keys

OLD, NEW = "o" * 64, "n" * 64
TWO = json.dumps({"current": "k2", "keys": {"k1": OLD, "k2": NEW}})


def test_plain_secret_is_the_first_key() -> None:
    assert read_keys(OLD) == Keys("k1", {"k1": OLD})


def test_secret_of_several_keys_is_read_and_written() -> None:
    keys = read_keys(TWO)
    assert (keys.current, dict(keys.keys)) == ("k2", {"k1": OLD, "k2": NEW})
    assert read_keys(keys.text()) == keys


def test_rotation_adds_a_random_key_and_forgets_none() -> None:
    keys = read_keys(OLD)
    once, other = keys.rotated(), keys.rotated()
    assert (once.current, once.keys["k1"]) == ("k2", OLD)
    assert once.keys["k2"] != other.keys["k2"]
    assert len(once.keys["k2"]) == 64
    assert once.using("k1").rotated().current == "k3"


def test_current_key_is_not_forgotten() -> None:
    keys = read_keys(TWO)
    assert dict(keys.without("k1").keys) == {"k2": NEW}
    with pytest.raises(Permanent, match="rotate first"):
        keys.without("k2")
    with pytest.raises(Permanent, match="no key k9; there are k1, k2"):
        keys.without("k9")


@pytest.mark.parametrize(
    "text",
    [
        "short",
        "{not json, but a key of more than thirty-two characters",
        json.dumps({"current": "k3", "keys": {"k1": OLD}}),
        json.dumps({"current": "k1", "keys": {"k1": "short"}}),
        json.dumps({"current": "k1", "keys": {"first": OLD}}),
        json.dumps({"current": "k1", "keys": {"k1": [OLD]}}),
        json.dumps({"current": "k1", "keys": [OLD]}),
        json.dumps({"current": "k1", "keys": {"k1": OLD}, "old": NEW}),
        json.dumps({"keys": {"k1": OLD}}),
    ],
)
def test_secret_that_is_none_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(Permanent, match="token key") as caught:
        read_keys(text)
    assert not [part for part in (OLD, "short", "not json,") if part in str(caught.value)]


def test_keys_are_not_shown() -> None:
    assert OLD not in repr(read_keys(TWO))
