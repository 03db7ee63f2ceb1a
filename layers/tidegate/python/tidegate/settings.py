"""Settings of the Lambdas, read once at cold start. A missing one stops the start with its name."""

import os

from tidegate.errors import SettingMissing


class Settings:
    """What the template passes to a function: each one is given only what it uses."""

    def text(self, name: str) -> str:
        """Return a variable's value; raise SettingMissing when it is absent or empty."""
        value = os.environ.get(name, "")
        if not value:
            raise SettingMissing(f"the environment variable {name} is not set; the template sets it")
        return value

    def number(self, name: str) -> int:
        """Return a variable's value as a whole number."""
        value = self.text(name)
        if not value.isdigit():
            raise SettingMissing(f"the environment variable {name} is {value!r}, not a whole number")
        return int(value)
