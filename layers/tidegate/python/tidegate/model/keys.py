"""The keys that tokens and date shifts are made with, by their ids."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.errors import Permanent

FIRST = "k1"  # the id of a key that was written without one; its tokens have no prefix
SHORTEST = 32  # characters
_ID = re.compile(r"k[1-9][0-9]{0,3}\Z")
_EXAMPLE = '{"current": "k2", "keys": {"k1": "…", "k2": "…"}}'


@dataclass(frozen=True, slots=True)
class Keys:
    """Every key by id, and the id of the one that new runs use. Ids may be shown, keys never are."""

    current: str
    keys: Mapping[str, str] = field(repr=False)

    def rotated(self) -> "Keys":
        """Return them with a new random key, which is the current one."""
        number = 1 + max(int(name[1:]) for name in self.keys)
        return Keys(f"k{number}", {**self.keys, f"k{number}": secrets.token_hex(SHORTEST)})

    def using(self, key_id: str) -> "Keys":
        """Return them with another current key; raise Permanent when there is no such key."""
        if key_id not in self.keys:
            raise Permanent(f"there is no key {key_id}; there are {', '.join(self.keys)}")
        return Keys(key_id, self.keys)

    def without(self, key_id: str) -> "Keys":
        """Return them without a key; raise Permanent when it is the current one, or when there is no such key."""
        self.using(key_id)
        if key_id == self.current:
            raise Permanent(f"{key_id} is the key that new runs use: rotate first")
        return Keys(self.current, {name: key for name, key in self.keys.items() if name != key_id})

    def text(self) -> str:
        """Return what the secret holds."""
        return json.dumps({"current": self.current, "keys": dict(self.keys)}, indent=1)


def read_keys(text: str) -> Keys:
    """Read a secret: a key as plain text, which is k1, or several with their ids.

    Raises:
        Permanent: a key is too short to protect anything, or the secret is of no such form; the message holds nothing of it.
    """
    if not text.lstrip().startswith("{"):
        keys = Keys(FIRST, {FIRST: text})
    else:
        try:
            fields = json.loads(text)
        except json.JSONDecodeError:
            raise Permanent(f"the token key is not JSON; write {_EXAMPLE}, or a key alone") from None
        keys = Keys(fields.get("current", ""), fields.get("keys") or {})
        well = isinstance(keys.keys, dict) and all(_ID.match(n) and isinstance(k, str) for n, k in keys.keys.items())
        if not well or set(fields) != {"current", "keys"} or keys.current not in keys.keys:
            raise Permanent(f"the token key is not of the form {_EXAMPLE}, with ids such as k2 and one of them the current one")
    for name, key in keys.keys.items():
        if len(key) < SHORTEST:
            raise Permanent(f"the token key {name} has {len(key)} characters; put at least {SHORTEST} random ones into the secret")
    return keys
