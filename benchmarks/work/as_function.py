"""Runs a module as a function of the stack runs it: without the libraries that the engine layer has no room for.

python -m benchmarks.work.as_function MODULE [its words]
"""

import runpy
import sys

LEFT_OUT = ("numpy", "pandas")
"""pyarrow and DuckDB import these where they are installed, a quarter of a second of CPU, and nothing of ours uses them."""


def main() -> None:
    """Hide them and run the module."""
    sys.modules |= dict.fromkeys(LEFT_OUT)  # type: ignore[arg-type]  # None is how Python says that there is no such module
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
