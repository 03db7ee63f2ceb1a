from pathlib import Path
from typing import Any

import pytest
import yaml

from tidegate.model.arrivals import Arrival, Kind, Route, load_prefix, route

CASES = Path(__file__).parents[2] / "cases"
KEYS: list[dict[str, Any]] = yaml.safe_load((CASES / "keys.yaml").read_text("utf-8"))
SEQUENCERS: list[dict[str, Any]] = yaml.safe_load((CASES / "sequencers.yaml").read_text("utf-8"))


def arrival(key: str = "d/t/delta/a", version: str = "v1", sequencer: str = "A1", bucket: str = "landing") -> Arrival:
    return Arrival(bucket, key, version, sequencer, 1)


@pytest.mark.parametrize("case", KEYS, ids=lambda c: c["hazard"])
def test_key_leads_where_it_says(case: dict[str, Any]) -> None:
    key = case.get("prefix", "") + case["key"] * case.get("repeat", 1)
    found = route(key)
    assert (found.kind, found.dataset, found.load_id) == (case["kind"], case.get("dataset", ""), case.get("load_id", ""))
    assert bool(found.problem) == (case["kind"] == "unrouted")


def test_longest_key_of_s3_is_covered() -> None:
    assert max(len(c.get("prefix", "") + c["key"] * c.get("repeat", 1)) for c in KEYS) == 1024


def test_unrouted_key_says_what_to_do() -> None:
    assert "move the file there" in route("stray.csv").problem


@pytest.mark.parametrize("load_id", ["2024", "2024/01", "day=2024-01-01"])
def test_parts_and_marker_share_the_prefix_of_their_load(load_id: str) -> None:
    prefix = load_prefix("demo.events", load_id)
    assert route(prefix + "p.csv") == Route(Kind.PART, "demo.events", load_id)
    assert route(prefix + "_SUCCESS") == Route(Kind.MARKER, "demo.events", load_id)


@pytest.mark.parametrize("case", SEQUENCERS, ids=lambda c: c["hazard"])
def test_sequencers_order_versions_as_s3_made_them(case: dict[str, Any]) -> None:
    older, newer = arrival(sequencer=case["older"]).order, arrival(sequencer=case["newer"]).order
    assert older == newer if case.get("same") else older < newer


def test_identity_is_the_version_not_the_delivery() -> None:
    assert arrival().file_id == arrival(sequencer="B2").file_id
    assert arrival().file_id != arrival(version="v2").file_id
    assert arrival().object_id == arrival(version="v2", sequencer="B2").object_id


def test_without_versions_the_sequencer_tells_overwrites_apart() -> None:
    assert arrival(version="", sequencer="A1").file_id != arrival(version="", sequencer="A2").file_id
    assert arrival(version="", sequencer="A1").file_id == arrival(version="", sequencer="A1").file_id


def test_same_name_elsewhere_is_another_file() -> None:
    ids = {arrival().file_id, arrival(bucket="other").file_id, arrival(key="d/u/delta/a").file_id}
    assert len(ids) == 3


def test_parts_of_an_identity_cannot_run_into_each_other() -> None:
    assert arrival(bucket="ab", key="c").object_id != arrival(bucket="a", key="bc").object_id
    assert arrival(version="", sequencer="A1").file_id != arrival(version="A1", sequencer="").file_id
