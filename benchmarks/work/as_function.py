"""Runs a module as a function of the stack runs it: without the libraries that the engine layer has no room for.

python -m benchmarks.work.as_function MODULE [its words]
"""

import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

AS_FUNCTION = "benchmarks.work.as_function"
LEFT_OUT = ("numpy", "pandas")
"""pyarrow and DuckDB import these where they are installed, a quarter of a second of CPU, and nothing of ours uses them."""


class _NotInstalled(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:  # noqa: ARG002 - Python's
        if name in LEFT_OUT:
            message = f"No module named {name!r}"
            raise ModuleNotFoundError(message, name=name)


def main() -> None:
    """Hide them and run the module."""
    sys.meta_path.insert(0, _NotInstalled())
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
