import json

from tests.unit.usecases.world import DELTA, World
from tidegate.usecases.report import FILES_SHOWN


def test_message_of_a_large_run_shows_some_files_and_counts_all(world: World) -> None:
    world.drop(*(f"{DELTA}{n}" for n in range(60)))
    message = world.settle(world.claim_manifest())
    assert (message["files_total"], len(message["files"])) == (60, FILES_SHOWN)


def test_letter_of_a_large_run_names_every_file(world: World) -> None:
    world.drop(*(f"{DELTA}{n}" for n in range(60)))
    world.claim()
    buried = world.fail()
    assert (len(buried.letter["file_ids"]), len(buried.message["files"])) == (60, FILES_SHOWN)
    assert len(json.dumps(buried.letter)) < 256_000


def test_messages_and_letters_are_plain_json(world: World) -> None:
    world.drop(DELTA + "a")
    assert json.loads(json.dumps(world.settle(world.claim_manifest())))["files"][0]["state"] == "LOADED"
    world.drop(DELTA + "b")
    world.claim()
    buried = world.fail()
    assert json.loads(json.dumps(buried.message)) == buried.message
    assert json.loads(json.dumps(buried.letter)) == buried.letter
