import pytest

from benchmarks.cases.growth import slope


@pytest.mark.parametrize(
    ("rows", "seconds", "expected"),
    [(1000, 20.0, 1.0), (1000, 200.0, 2.0), (1000, 2.0, 0.0), (10_000, 200.0, 1.0)],
    ids=["linear", "quadratic", "no growth", "linear over two decades"],
)
def test_slope_tells_linear_from_quadratic(rows: int, seconds: float, expected: float) -> None:
    assert slope(100, 2.0, rows, seconds) == pytest.approx(expected)
