"""Paths into JSON values: what can be written, what it means, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.contracts.json_paths import After, Each, Index, Key, Origin, Path, PathInvalid, RecordsPath, Where, spell
from tidegate.contracts.json_paths import parse_path as path
from tidegate.contracts.json_paths import parse_records as records


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a", Path(Origin.RECORD, (Key("a"),))),
        ("first name", Path(Origin.RECORD, (Key("first name"),))),
        ("a.b", Path(Origin.RECORD, (Key("a"), Key("b")))),
        ("name[0].given[12]", Path(Origin.RECORD, (Key("name"), Index(0), Key("given"), Index(12)))),
        ("['a.b']", Path(Origin.RECORD, (Key("a.b"),))),
        ("a['it''s']['']", Path(Origin.RECORD, (Key("a"), Key("it's"), Key("")))),
        ("x[url=http://a.b/c?d=e].v", Path(Origin.RECORD, (Key("x"), Where("url", "http://a.b/c?d=e"), Key("v")))),
        ("x['a.b'='c]d'].v", Path(Origin.RECORD, (Key("x"), Where("a.b", "c]d"), Key("v")))),
        ("x[use=]", Path(Origin.RECORD, (Key("x"), Where("use", "")))),
        ("s.ref[Patient/*]", Path(Origin.RECORD, (Key("s"), Key("ref"), After("Patient/")))),
        ("s.ref['P?i=x|'*]", Path(Origin.RECORD, (Key("s"), Key("ref"), After("P?i=x|")))),
        ("$.id", Path(Origin.DOCUMENT, (Key("id"),))),
        ("$['a.b'].c", Path(Origin.DOCUMENT, (Key("a.b"), Key("c")))),
        ("^.fullUrl", Path(Origin.ENCLOSING, (Key("fullUrl"),))),
    ],
)
def test_path_of_a_column(text: str, meaning: Path) -> None:
    assert path(text) == meaning


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("$", "followed by a key"),
        ("$id", "followed by a key"),
        ("^", "followed by a key"),
        ("$.", "empty"),
        (".a", "from character 1"),
        ("a.", "from character 2"),
        ("a..b", "from character 2"),
        ("a[", "from character 2"),
        ("a[x]", "from character 2"),
        ("a[-1]", "from character 2"),
        ("a['b]", "from character 2"),
        ("a]b", "from character 2"),
        ("a.$ref", "from character 2"),
        ("a[0]b", "from character 5"),
        ("[0].a", "starts with a key"),
        ("[a=b].a", "starts with a key"),
        ("a[*].b", "records"),
        ("a[P/*].b", "last"),
    ],
)
def test_path_that_says_nothing_is_refused(text: str, why: str) -> None:
    with pytest.raises(PathInvalid, match=why):
        path(text)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("data[*]", RecordsPath((Key("data"), Each()))),
        ("a.b[*].c[*]", RecordsPath((Key("a"), Key("b"), Each(), Key("c"), Each()))),
        ("entry[*].resource", RecordsPath((Key("entry"), Each()), (Key("resource"),))),
        (
            "entry[*].resource[t=P][s=x]",
            RecordsPath((Key("entry"), Each()), (Key("resource"),), (Where("t", "P"), Where("s", "x"))),
        ),
        ("[type=order]", RecordsPath(where=(Where("type", "order"),))),
        ("payload[type=order]", RecordsPath((), (Key("payload"),), (Where("type", "order"),))),
    ],
)
def test_where_the_records_are(text: str, meaning: RecordsPath) -> None:
    assert records(text) == meaning


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("data", r"data\[\*\]"),
        ("data[0][*]", "keys and"),
        ("[*]", "starts with a key"),
        ("a[t=x].b[*]", "last"),
        ("a[P/*][*]", "keys and"),
    ],
)
def test_records_that_are_nowhere_are_refused(text: str, why: str) -> None:
    with pytest.raises(PathInvalid, match=why):
        records(text)


@given(st.text())
def test_every_key_can_be_spelled(key: str) -> None:
    assert path(spell(key)) == Path(Origin.RECORD, (Key(key),))


@given(st.text(alphabet="ab.[]'=*$^0/ ", max_size=12))
def test_no_text_breaks_the_reader_of_paths(text: str) -> None:
    for read in (path, records):
        try:
            read(text)
        except PathInvalid as error:
            assert str(error)  # noqa: PT017 - whether it raises is not the point
