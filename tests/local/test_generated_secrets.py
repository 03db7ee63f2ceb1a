"""A generated secret has the characters that its template asks for."""

import json

from tests.local.conftest import Cloud, unique


def test_key_of_a_stack_has_no_punctuation_where_the_template_excludes_it(cloud: Cloud) -> None:
    """A key that begins with a brace would be taken for a list of keys, and its stack would load nothing."""
    formation, secrets, stack = cloud.client("cloudformation"), cloud.client("secretsmanager"), unique("secrets")
    asked = {"PasswordLength": 64, "ExcludePunctuation": True, "ExcludeCharacters": "abc"}
    template = {"Resources": {"Key": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": asked}}}}
    formation.create_stack(StackName=stack, TemplateBody=json.dumps(template))
    formation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    (made,) = formation.describe_stack_resources(StackName=stack)["StackResources"]
    text = secrets.get_secret_value(SecretId=made["PhysicalResourceId"])["SecretString"]
    assert (len(text), text.isalnum(), set(text) & set("abc")) == (64, True, set())
