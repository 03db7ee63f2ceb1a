from pathlib import Path

import pytest

from scripts import package_sizes

BUILT = """
Resources:
  EngineLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: EngineLayer, CompatibleArchitectures: [!Ref Architecture]}
  LoadFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: LoadFunction, Layers: [!Ref EngineLayer], Role: !GetAtt LoadRole.Arn}
  Topic: {Type: AWS::SNS::Topic}
"""


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(BUILT)
    for name, size in (("EngineLayer", 3000), ("LoadFunction", 40)):
        (tmp_path / name / "python").mkdir(parents=True)
        (tmp_path / name / "python" / "a.py").write_bytes(b"x" * size)
    return tmp_path / "template.yaml"


def test_a_function_weighs_its_code_and_its_layers(built: Path) -> None:
    assert list(package_sizes.packages(built)) == [package_sizes.Package("LoadFunction", 40, {"EngineLayer": 3000})]


@pytest.mark.parametrize(("limit", "code"), [(3040, 0), (3039, 1)])
def test_one_byte_over_the_limit_is_an_error(
    built: Path, limit: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(package_sizes, "LIMIT", limit)
    monkeypatch.setattr("sys.argv", ["package_sizes.py", str(built)])
    assert package_sizes.main() == code
    assert ("OVER THE LIMIT" in capsys.readouterr().out) is bool(code)


def test_a_build_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["package_sizes.py", str(tmp_path / "template.yaml")])
    with pytest.raises(SystemExit, match="build first"):
        package_sizes.main()
