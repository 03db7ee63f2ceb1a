"""Write the queries of sql/athena into template.yaml, as Athena's named queries: `python -m scripts.named_queries`; `--check` compares.

A file's first line is a comment that says what the query is for; its name begins with what kind of question it is.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
QUERIES = ROOT / "sql" / "athena"
TEMPLATE = ROOT / "template.yaml"
_BEGIN = "  # ---- Named queries: written by `python -m scripts.named_queries` from sql/athena " + "-" * 46 + "\n"
_END = "  # ---- End of the named queries " + "-" * 97 + "\n"


def section() -> str:
    """Return the resources' text."""
    return "".join(line for path in sorted(QUERIES.glob("*.sql")) for line in _resource(path))


def _resource(path: Path) -> Iterator[str]:
    comment, _, query = path.read_text(encoding="utf-8").partition("\n")
    yield f"\n  {''.join(word.capitalize() for word in path.stem.split('_'))}Query:\n    Type: AWS::Athena::NamedQuery\n    Properties:\n"
    yield f"      Name: {path.stem}\n      Description: {comment.removeprefix('-- ')!r}\n      Database: !Ref GoldDatabase\n"
    yield "      WorkGroup: !Ref Workgroup\n      QueryString: |\n"
    yield from (f"        {line}".rstrip() + "\n" for line in query.splitlines())


def written() -> str:
    """Return the template's text with the queries as they are now."""
    text = TEMPLATE.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    if not after:
        raise SystemExit(f"{TEMPLATE} lacks the lines that the named queries stand between")
    return f"{before}{_BEGIN}{section()}\n{_END}{after}"


def main() -> None:
    """Write or compare."""
    if "--check" not in sys.argv:
        TEMPLATE.write_text(written(), encoding="utf-8")
    elif TEMPLATE.read_text(encoding="utf-8") != written():
        raise SystemExit("template.yaml has other named queries than sql/athena: run python -m scripts.named_queries")


if __name__ == "__main__":
    main()
