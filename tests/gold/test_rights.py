"""What a role must be allowed so that it can build gold on Athena."""

from pathlib import Path

import pytest

from tests.gold.conftest import BUCKET, STACK, Laptop
from tests.gold.runs import dbt
from tests.local.conftest import ACCOUNT, Cloud

GLUE = f"arn:aws:glue:us-east-1:{ACCOUNT}"
CATALOG = f"{GLUE}:catalog"
LAKE = f"arn:aws:s3:::{BUCKET}"
GOLD = [CATALOG, f"{GLUE}:database/{STACK}_gold", f"{GLUE}:table/{STACK}_gold/*"]
SOURCES = [
    CATALOG,
    *(f"{GLUE}:{kind}" for layer in ("bronze", "silver") for kind in (f"database/{STACK}_{layer}", f"table/{STACK}_{layer}/*")),
]
RIGHTS = {
    "athena:GetQueryExecution": ["*"],
    "athena:GetQueryResults": ["*"],
    "athena:GetWorkGroup": ["*"],
    "athena:StartQueryExecution": ["*"],
    "glue:CreateTable": GOLD,
    "glue:DeleteTable": GOLD,
    "glue:DeleteTableVersion": GOLD,
    "glue:GetDatabases": [CATALOG, f"{GLUE}:database/*"],
    "glue:GetTable": [*GOLD, *SOURCES],
    "glue:GetTables": [*GOLD, *SOURCES],
    "glue:GetTableVersions": GOLD,
    "glue:UpdateTable": GOLD,
    "s3:GetObject": [f"{LAKE}/warehouse/*", f"{LAKE}/gold/*"],
    "s3:PutObject": [f"{LAKE}/gold/*", f"{LAKE}/athena/*"],
    "s3:DeleteObject": [f"{LAKE}/gold/*"],
    "s3:ListBucket": [LAKE],
}
SOME = ("glue:DeleteTable", "glue:UpdateTable", "s3:DeleteObject", "s3:GetObject")  # trying all takes two minutes; each is needed


def built(laptop: Laptop, room: Path, rights: dict[str, list[str]]) -> str:
    """What dbt said when it failed under a role with these rights."""
    cloud = Cloud(laptop.settings)
    keys = cloud.acting_as(cloud.role(*((action, resource) for action, resources in rights.items() for resource in resources)))
    environment = laptop.environment | {name.upper(): value for name, value in keys.items()}
    done = dbt(room, "run", "--select", "+dim_payer", target="athena", **environment)
    return "" if done.code == 0 else done.said


@pytest.fixture(scope="module")
def room(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt works, once the database is there: the stack makes it, dbt makes one only where there is none."""
    glue = Cloud(laptop.settings).client("glue")
    if f"{STACK}_gold" not in [one["Name"] for one in glue.get_databases()["DatabaseList"]]:
        glue.create_database(DatabaseInput={"Name": f"{STACK}_gold"})
    return tmp_path_factory.mktemp("rights")


def test_these_rights_are_enough_to_build_and_to_build_again(laptop: Laptop, room: Path) -> None:
    assert built(laptop, room, RIGHTS) == ""
    assert built(laptop, room, RIGHTS) == ""


@pytest.mark.parametrize("action", SOME)
def test_without_one_of_them_it_fails_and_says_so(laptop: Laptop, room: Path, action: str) -> None:
    assert action in built(laptop, room, {name: resources for name, resources in RIGHTS.items() if name != action})
