"""What dbt's many connections to AWS cost."""

import boto3.session
import botocore.loaders
import botocore.session
import pytest

from tidegate.aws.sessions import share_descriptions


def test_sessions_read_the_description_of_a_service_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """dbt-athena makes a session for each model and test."""
    read: list[str] = []
    load = botocore.loaders.JSONFileLoader.load_file

    def noted(self: botocore.loaders.JSONFileLoader, file_path: str) -> object:
        found = load(self, file_path)
        read.append(file_path)
        return found

    monkeypatch.setattr(botocore.loaders.JSONFileLoader, "load_file", noted)
    monkeypatch.setattr(botocore.session, "create_loader", botocore.session.create_loader)  # put back after the test
    share_descriptions()
    clients = []
    for _ in range(2):
        read.clear()
        session = boto3.session.Session("a", "b", region_name="us-east-1")
        clients.append(session.client("athena"))
        clients.append(session.client("glue"))
    assert read == []
    assert len({id(client.meta.service_model) for client in clients}) == 4
