"""What the emulator does otherwise than AWS, put right at run time: one module per difference, each with `install()`.

The emulator's own files are never edited. A module replaces the emulator's function by name in the running process; `tests/local`
holds each of them to what AWS does, so a new emulator version that moved a name fails there and not in front of a user.
"""

from importlib import import_module

MODULES = (
    "ranges",
    "lambdas",
    "workflows",
    "jobs",
    "crawlers",
    "athena",
    "athena_resources",
    "named_queries",
    "generated_secrets",
    "table_versions",
    "catalog",
    "logs",
    "layers",
    "queues",
    "asynchronous",
    "transport",
    "chaos",
    "meter",
)


def install() -> None:
    """Apply every extension to the emulator imported in this process."""
    for name in MODULES:
        import_module(f"{__name__}.{name}").install()
