"""Numbers asked of a batch in SQL."""

from pathlib import Path

import pytest

from tests.unit.usecases.shop import CONTRACT, DATASET, DELTA, Shop
from tests.unit.usecases.test_checks import force, held
from tidegate.errors import ContractInvalid
from tidegate.model.files import FileState, Warned


def shop_of(place: Path, query: str, bound: str, text: str = CONTRACT) -> Shop:
    rule = f'    quality: [{{type: sql, id: asked, query: "{query}", {bound}}}]\n'
    return Shop(place, text=text.replace("customProperties:", rule + "customProperties:"))


def test_batch_whose_number_breaks_the_bound_is_held_and_can_be_forced(tmp_path: Path) -> None:
    shop = shop_of(tmp_path, "SELECT sum(at) FROM {object}", "mustBeLessThan: 10")
    good = shop.drop(DELTA + "1.csv", "a,4,I,Ann", "b,5,I,Bob")
    shop.run()
    bad = shop.drop(DELTA + "2.csv", "c,11,I,Cy")
    assert "asked: the number of the query must be less than 10, it is 11" in held(shop)
    assert shop.world.states(good, bad) == [FileState.LOADED, FileState.FAILED]
    force(shop, bad)
    assert len(shop.silver) == 3


def test_query_compares_the_batch_with_the_table_as_it_is(tmp_path: Path) -> None:
    query = "SELECT count(*) FROM {object} o JOIN {silver} s ON o.id = s.id WHERE o.at < s.at"
    shop = shop_of(tmp_path, query, "mustBe: 0, severity: warning")
    shop.drop(DELTA + "1.csv", "a,4,I,Ann", "b,5,I,Bob")
    shop.run()
    shop.drop(DELTA + "2.csv", "a,3,I,Ann", "b,6,I,Bob")
    assert shop.load(shop.world.claim_manifest(DATASET)).warnings == (Warned("asked", "", 1),)


def test_only_accepted_rows_are_asked_and_no_rows_are_rows_too(tmp_path: Path) -> None:
    shop = shop_of(tmp_path, "SELECT count(*) FROM {object}", "mustBe: 7, severity: warning")
    shop.drop(DELTA + "1.csv", "a,x,I,Ann")
    assert shop.load(shop.world.claim_manifest(DATASET)).warnings == (Warned("asked", "", 0),)


def test_null_keeps_no_bound(tmp_path: Path) -> None:
    shop = shop_of(tmp_path, "SELECT max(at) FROM {object} WHERE name IS NULL", "mustBeGreaterThan: 0")
    shop.drop(DELTA + "1.csv", "a,4,I,Ann")
    assert "must be greater than 0, it is null" in held(shop)


def test_number_of_a_classified_column_is_told_nowhere(tmp_path: Path) -> None:
    text = CONTRACT.replace("{name: at, logicalType: integer,", "{name: at, logicalType: integer, classification: confidential,")
    shop = shop_of(tmp_path, "SELECT max(at) FROM {object}", "mustBeLessThan: 10", text)
    shop.drop(DELTA + "1.csv", "a,4711,I,Ann")
    said = held(shop)
    assert "asked: the number of the query must be less than 10;" in said
    assert "4711" not in said


def test_query_that_fails_on_a_value_does_not_tell_it(tmp_path: Path) -> None:
    shop = shop_of(tmp_path, "SELECT sum(CAST(name AS BIGINT)) FROM {object}", "mustBe: 0")
    shop.drop(DELTA + "1.csv", "a,4,I,secret-17")
    with pytest.raises(ContractInvalid) as caught:
        shop.load(shop.world.claim_manifest(DATASET))
    assert "ConversionException" in str(caught.value)
    assert "secret" not in str(caught.value)
