"""Layers: one version of one is read with lambda:GetLayerVersion on that version, as AWS has it."""

import io
import urllib.request
import zipfile

import pytest
from botocore.exceptions import ClientError

from .conftest import ACCOUNT, Cloud, unique


def test_a_version_is_read_by_who_may_read_that_version_and_by_nobody_else(cloud: Cloud) -> None:
    name, packed = unique("layer"), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("python/a.py", "A = 1")
    for _ in range(2):
        cloud.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": packed.getvalue()})
    granted = ("lambda:GetLayerVersion", f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:{name}:2")
    reader = cloud.client("lambda", **cloud.acting_as(cloud.role(granted)))
    content = reader.get_layer_version(LayerName=name, VersionNumber=2)["Content"]
    with urllib.request.urlopen(content["Location"], timeout=10) as answer:  # noqa: S310 - loopback
        assert answer.read() == packed.getvalue()
    other = cloud.client("lambda", **cloud.acting_as(cloud.role(("lambda:ListLayers", "*"))))
    for version, client in ((1, reader), (2, other)):
        with pytest.raises(ClientError, match="lambda:GetLayerVersion"):
            client.get_layer_version(LayerName=name, VersionNumber=version)
