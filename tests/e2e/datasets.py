"""Small datasets of the end-to-end tests: a contract's text and files for it."""

CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: {domain}.{name}
name: {name}
domain: {domain}
version: {version}
status: active
servers:
  - {{server: landing, type: s3, location: "s3://landing/{domain}/{name}/", format: csv, delimiter: ","}}
schema:
  - name: {domain}_{name}
    logicalType: object
    properties:
      - {{name: reading_id, logicalType: string, primaryKey: true, required: true, transformSourceObjects: [id]}}
      - {{name: taken_on, logicalType: date, transformSourceObjects: [taken], logicalTypeOptions: {{format: yyyy-MM-dd}}}}
      - {{name: level, logicalType: number, physicalType: "decimal(12,2)", transformSourceObjects: [level]}}
customProperties:
  - {{property: loadMode, value: upsert}}
"""


def contract(dataset: str, version: str = "1.0.0") -> str:
    """Return the contract of a dataset of readings."""
    domain, name = dataset.split(".")
    return CONTRACT.format(domain=domain, name=name, version=version)


def readings(count: int, *, first: int = 0, every_bad: int = 0) -> bytes:
    """Return a file of readings; every n-th has a level that is no number."""
    lines = ["id,taken,level"]
    for number in range(first, first + count):
        level = "high" if every_bad and number % every_bad == 0 else f"{number % 977}.{number % 100:02d}"
        lines.append(f"r{number:07d},2020-{number % 12 + 1:02d}-{number % 28 + 1:02d},{level}")
    return ("\n".join(lines) + "\n").encode()
