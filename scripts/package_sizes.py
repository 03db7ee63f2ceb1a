"""Print each function's unzipped size with its layers beside Lambda's limit; exit 1 when one is over it.

Reads a built template: `python scripts/package_sizes.py [.aws-sam/build/template.yaml]`. `make sizes` builds first.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

BUILT = Path(__file__).resolve().parents[1] / ".aws-sam" / "build" / "template.yaml"
MEGABYTE = 1024 * 1024
LIMIT = 250 * MEGABYTE  # Lambda's quota for a function's package with its layers, unzipped


@dataclass(frozen=True, slots=True)
class Package:
    """One function's size in bytes: its own code and each of its layers, by logical id."""

    function: str
    code: int
    layers: dict[str, int]

    @property
    def total(self) -> int:
        """Bytes that Lambda unpacks for it."""
        return self.code + sum(self.layers.values())


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Ref X` reads as `{"Ref": X}`; of the others only the value is kept."""


def _construct_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:  # noqa: ANN401 - YAML holds anything
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _construct_tag)


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    if not folder.is_dir():
        sys.exit(f"{folder} is missing: build first (make build)")
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def packages(template: Path) -> Iterator[Package]:
    """Measure every function of a built template."""
    resources = yaml.load(template.read_text(encoding="utf-8"), _Loader)["Resources"]  # noqa: S506 - a SafeLoader with tags
    kinds = {"AWS::Serverless::LayerVersion": "ContentUri", "AWS::Serverless::Function": "CodeUri"}
    sizes = {
        name: size_of(template.parent / resource["Properties"][kinds[resource["Type"]]])
        for name, resource in resources.items()
        if resource["Type"] in kinds
    }
    for name, resource in resources.items():
        if resource["Type"] == "AWS::Serverless::Function":
            layers = [reference["Ref"] for reference in resource["Properties"].get("Layers", ())]
            yield Package(name, sizes[name], {layer: sizes[layer] for layer in layers})


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("template", nargs="?", type=Path, default=BUILT)
    template: Path = parser.parse_args().template
    if not template.is_file():
        sys.exit(f"{template} is missing: build first (make build)")
    found = sorted(packages(template), key=lambda package: -package.total)
    print(f"{'function':<20} {'MB unzipped':>11}   of which (limit {LIMIT // MEGABYTE} MB)")
    for package in found:
        parts = ", ".join(f"{layer} {size / MEGABYTE:.1f}" for layer, size in package.layers.items())
        mark = "  OVER THE LIMIT" if package.total > LIMIT else ""
        print(f"{package.function:<20} {package.total / MEGABYTE:>11.1f}   {parts}{mark}")
    return int(any(package.total > LIMIT for package in found))


if __name__ == "__main__":
    sys.exit(main())
