from collections import Counter

from tests.unit.stack.stack import RESOURCES, TEMPLATE, as_list, of_type, statements, verbs

# Actions that AWS gives no resource to name.
WITHOUT_RESOURCES = {
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}


UNTRACED = {"LoadJobRole", "LandingCrawlerRole"}


def test_no_policy_allows_a_wildcard_action() -> None:
    for name, statement in statements():
        if statement["Effect"] == "Allow":
            assert not [action for action in as_list(statement["Action"]) if "*" in action], name


def test_a_wildcard_resource_is_left_to_actions_that_take_none() -> None:
    for name, statement in statements():
        if RESOURCES[name]["Type"] == "AWS::KMS::Key":
            continue  # in a key's own policy "*" is that key
        if "*" in as_list(statement.get("Resource", [])):
            assert set(as_list(statement["Action"])) <= WITHOUT_RESOURCES, name


def test_nothing_is_allowed_by_exclusion() -> None:
    assert not [name for name, statement in statements() if {"NotAction", "NotResource", "NotPrincipal"} & set(statement)]


def test_no_managed_policy_of_aws_is_attached() -> None:
    for name, role in of_type("AWS::IAM::Role").items():
        assert role.get("ManagedPolicyArns", []) == ([] if name in UNTRACED else [{"Ref": "TracePolicy"}]), name


def test_every_verb_has_a_role_of_its_own() -> None:
    roles = Counter(f["Role"]["Fn::GetAtt"] for f in of_type("AWS::Serverless::Function").values())
    assert roles == Counter(f"{verb.capitalize()}Role.Arn" for verb in verbs() | {"publish"})


def test_only_load_reads_landing_files_and_the_token_key() -> None:
    for secret in ("s3:GetObjectVersion", "secretsmanager:GetSecretValue"):
        assert [name for name, statement in statements() if secret in as_list(statement["Action"])] == ["LoadRole", "LoadJobRole"]


def test_only_load_and_maintain_change_tables_and_only_load_makes_them() -> None:
    """The crawler and gold do so too, in databases of their own: test_crawler.py, and below."""
    changes = {"glue:UpdateTable", "s3:DeleteObject"}
    loads = ["LoadRole", "LoadJobRole"]
    others = [(name, statement) for name, statement in statements() if name not in ("LandingCrawlerRole", "GoldRole")]
    assert {name for name, statement in others if changes & set(as_list(statement["Action"]))} == {*loads, "MaintainRole"}
    assert [name for name, statement in others if "glue:CreateTable" in as_list(statement["Action"])] == loads


def test_gold_changes_tables_of_its_own_database_only() -> None:
    changes = {"glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable", "s3:DeleteObject"}
    allowed = [s for name, s in statements() if name == "GoldRole" and changes & set(as_list(s["Action"]))]
    named = sorted(str(resource["Fn::Sub"]).rpartition(":")[2] for s in allowed for resource in s["Resource"])
    assert named == [
        "${LakeBucket.Arn}/athena/gold/*",
        "${LakeBucket.Arn}/gold/*",
        "catalog",
        "database/${GoldDatabase}",
        "table/${GoldDatabase}/*",
    ]


def test_buckets_queues_and_topic_refuse_plain_http() -> None:
    guarded = set()
    for name, statement in statements():
        if statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}} and statement["Effect"] == "Deny":
            assert statement["Principal"] == "*"
            properties = RESOURCES[name]["Properties"]
            targets = as_list(properties.get("Bucket") or properties.get("Queues") or properties.get("Topics"))
            guarded |= {target["Ref"] for target in targets}
    assert guarded == {*of_type("AWS::S3::Bucket"), *of_type("AWS::SQS::Queue"), *of_type("AWS::SNS::Topic")}


def test_the_queue_admits_landing_by_account_and_pattern_because_naming_the_bucket_would_be_circular() -> None:
    grants = [s for name, s in statements() if name == "ArrivalsQueuePolicy" and s["Effect"] == "Allow"]
    assert [set(s["Condition"]) for s in grants] == [{"StringEquals", "ArnLike"}]
    assert "LandingBucket}" not in str(grants)


def test_every_suppression_gives_its_reason() -> None:
    for name, resource in RESOURCES.items():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", ()):
            assert len(skip["comment"].split()) > 3, (name, skip["id"])


def test_every_parameter_has_a_default_and_a_description() -> None:
    assert not [name for name, parameter in TEMPLATE["Parameters"].items() if not {"Default", "Description"} <= set(parameter)]
