"""Write the demo's data: `python -m demo.generate OUT_DIR [--scale N]`."""

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path

from demo.plan import path_of, plan
from demo.story import tell

PLAN = "plan.json"


def generate(out: Path, scale: int = 1) -> str:
    """Write `files/` and `plan.json` under `out` and return the SHA-256 of all of it.

    An earlier output is replaced. A folder with other things in `files/` is refused with FileExistsError.
    """
    if (out / "files").exists():
        if not (out / PLAN).exists():
            raise FileExistsError(f"{out / 'files'} is there without {out / PLAN}: not an earlier output; choose another folder")
        shutil.rmtree(out / "files")
    story = tell(scale)
    text = json.dumps(plan(story, scale), indent=1, ensure_ascii=True, sort_keys=False) + "\n"
    contents = {path_of(step, drop): drop.content for step, drop in enumerate(story.drops, start=1)}
    contents[PLAN] = text.encode()  # last: its presence says that the output is whole
    for name, content in contents.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return _manifest(contents)


def _manifest(contents: dict[str, bytes]) -> str:
    """Digest paths and contents the way `sha256sum | sha256sum` would, over sorted paths."""
    lines = (f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in sorted(contents))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def main(argv: list[str] | None = None) -> int:
    """Read the command line, generate, print the digest."""
    parser = argparse.ArgumentParser(prog="python -m demo.generate", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT_DIR", help="folder to write to; made if missing")
    parser.add_argument("--scale", type=_positive, default=1, help="multiply the number of rows (default 1)")
    options = parser.parse_args(argv)
    digest = generate(options.out, options.scale)
    sys.stdout.write(f"{digest}  {options.out}\n")
    return 0


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main())
