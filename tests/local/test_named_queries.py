"""Named queries come with the stack, as on AWS."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import Cloud, unique, until


def template(query: str, group: str = "primary") -> str:
    properties = {"Name": "cost", "Database": "gold", "QueryString": query, "WorkGroup": group}
    return json.dumps({"Resources": {"Query": {"Type": "AWS::Athena::NamedQuery", "Properties": properties}}})


def made(cloud: Cloud, stack: str) -> str:
    found = cloud.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return str(found[0]["PhysicalResourceId"])


def test_stack_makes_a_query_an_update_replaces_it_and_it_goes_with_the_stack(cloud: Cloud) -> None:
    formation, athena, stack = cloud.client("cloudformation"), cloud.client("athena"), unique("queries")
    formation.create_stack(StackName=stack, TemplateBody=template("SELECT 1"))
    formation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    first = made(cloud, stack)
    query = athena.get_named_query(NamedQueryId=first)["NamedQuery"]
    assert (query["Name"], query["Database"], query["QueryString"], query["WorkGroup"]) == ("cost", "gold", "SELECT 1", "primary")
    formation.update_stack(StackName=stack, TemplateBody=template("SELECT 2"))
    formation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    second = made(cloud, stack)
    assert second != first
    assert athena.get_named_query(NamedQueryId=second)["NamedQuery"]["QueryString"] == "SELECT 2"
    formation.delete_stack(StackName=stack)
    formation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    for gone in (first, second):
        with pytest.raises(ClientError):
            athena.get_named_query(NamedQueryId=gone)


def test_query_of_a_work_group_that_is_not_there_fails_the_stack(cloud: Cloud) -> None:
    formation, stack = cloud.client("cloudformation"), unique("queries")
    formation.create_stack(StackName=stack, TemplateBody=template("SELECT 1", "nobody's"))
    until(lambda: formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE", 30)
