"""Patterns: what is allowed here is what the row engine compiles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.contracts.contract import Kind
from tidegate.contracts.formats import check_format
from tidegate.contracts.patterns import check_pattern
from tidegate.engine.formats import FormatInvalid, compile_format

GOOD = {
    Kind.DATE: ["yyyy-MM-dd", "yyyyMMdd", "d/M/yy", "dd.MM.uuuu", "MM-dd-yyyy", "'day' d.M.yyyy", "yyyy-MM-dd HH:mm"],
    Kind.TIME: ["HH:mm", "H:mm:ss", "hh:mm a", "HHmmss", "HH:mm:ss.SSS"],
    Kind.TIMESTAMP: ["yyyy-MM-dd'T'HH:mm:ss", "M/d/yyyy h:mm:ss a", "yyyyMMddHHmmssSSSSSS", "yyyy-MM-dd HH", "d.M.yy 'o''clock' H"],
    Kind.TIMESTAMPTZ: ["yyyy-MM-dd'T'HH:mm:ssX", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyy-MM-dd HH:mm XX"],
}
BAD = {
    Kind.DATE: ["", "yyyy-mm-dd", "YYYY-MM-DD", "MM-dd", "yyyy-MM-dd-MM", "yyyy-MMM-dd", "dMyy", "[yyyy]-MM-dd", "yyyy-MM-dd'T"],
    Kind.TIME: ["hh:mm", "HH:mm a", "mm:ss", "HH:mm:ssX", "HH:ss", "HH:mm.SSS", "HH:mm:ss.SSSSSSSSSS", "HH:hh a"],
    Kind.TIMESTAMP: ["yyyy-MM-dd", "yyyy-MM-dd HH:mm:ssX", "yyyy-MM-dd HH:mm:ss z", "yyyy-MM-dd Hmm"],
    Kind.TIMESTAMPTZ: ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd hh:mm aX", "yyyy-MM-dd X"],
}


@pytest.mark.parametrize(("kind", "pattern"), [(k, p) for k, patterns in GOOD.items() for p in patterns])
def test_good_pattern_is_accepted_and_compiles(kind: Kind, pattern: str) -> None:
    assert list(check_format(pattern, kind, zone=False)) == []
    assert compile_format(pattern)


@pytest.mark.parametrize(("kind", "pattern"), [(k, p) for k, patterns in BAD.items() for p in patterns])
def test_bad_pattern_is_refused(kind: Kind, pattern: str) -> None:
    assert list(check_format(pattern, kind, zone=False))


def test_a_default_zone_makes_up_for_the_offset() -> None:
    assert list(check_format("M/d/yy H:mm", Kind.TIMESTAMPTZ, zone=True)) == []


TOKENS = "yyyy yy MM M dd d HH H hh h mm m ss s SSS a X XXX MMM E ' - / : . [ 1 é"
LETTERS = st.sampled_from([*TOKENS.split(), " "])


@settings(max_examples=300, deadline=None)
@given(st.lists(LETTERS, max_size=9).map("".join), st.sampled_from(sorted(GOOD)))
def test_what_is_accepted_here_compiles_in_the_engine(pattern: str, kind: Kind) -> None:
    if not list(check_format(pattern, kind, zone=True)):
        try:
            compile_format(pattern)
        except FormatInvalid as error:
            pytest.fail(f"{pattern}: {error}")


@pytest.mark.parametrize(
    "pattern", [r"[A-Z]{2}[0-9]+", r"a|b", r"[\[\]()?!=<]+", r"\(\?!x\)", r"(?i)abc", r"[0-9]{1,1000}", r"a\\Zb"]
)
def test_good_regular_expression(pattern: str) -> None:
    assert list(check_pattern(pattern)) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "[a",
        "*",
        r"(?=a)",
        r"(?!a)",
        r"(?<=a)b",
        r"(?<!a)b",
        r"(a)\1",
        r"(?P<n>a)(?P=n)",
        r"(?>a)",
        r"a++",
        r"a\Z",
        "a{1001}",
        "a{2,5000}",
    ],
)
def test_regular_expression_that_re2_does_not_read(pattern: str) -> None:
    assert list(check_pattern(pattern))
