"""The landing bucket's crawler, as the template has it: what it makes tables of, what it may do, who may start it."""

import json
import re

from tests.unit.stack.stack import RESOURCES, as_list, of_type, statements
from tidegate.model.arrivals import MARKER, Kind, route

CRAWLER = of_type("AWS::Glue::Crawler")["LandingCrawler"]
(TARGET,) = CRAWLER["Targets"]["S3Targets"]
CONFIGURATION = json.loads(CRAWLER["Configuration"])
MAY = [statement for name, statement in statements() if name == "LandingCrawlerRole"]
NAME = {"Fn::Sub": "${AWS::StackName}-landing"}
GLUE = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:"


def test_a_dataset_is_one_table_whatever_its_files_look_like() -> None:
    """On AWS the bucket is level 1: the table is at s3://<bucket>/<domain>/<dataset>/."""
    grouping = CONFIGURATION["Grouping"]
    assert TARGET["Path"] == {"Fn::Sub": "s3://${LandingBucket}/"}
    key = "healthcare/patients/delta/a.csv"
    assert (grouping["TableLevelConfiguration"], route(key).kind) == (1 + key.split("/").index("patients") + 1, Kind.DELTA)
    assert grouping["TableGroupingPolicy"] == "CombineCompatibleSchemas"


def test_new_files_in_a_folder_that_is_there_are_seen() -> None:
    """Deltas land in one folder: a crawl of new folders only would see the first of them and no other."""
    assert CRAWLER["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_EVERYTHING"}


def test_a_large_folder_is_listed_and_not_read_as_a_whole() -> None:
    assert 0 < TARGET["SampleSize"] < 250  # AWS takes no more


def test_a_crawl_takes_nothing_out_of_the_catalog() -> None:
    assert CRAWLER["SchemaChangePolicy"] == {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    assert CONFIGURATION["CrawlerOutput"]["Tables"] == {"AddOrUpdateBehavior": "MergeNewColumns"}
    assert CONFIGURATION["CrawlerOutput"]["Partitions"] == {"AddOrUpdateBehavior": "InheritFromTable"}
    assert not [action for statement in MAY for action in as_list(statement["Action"]) if "Delete" in action]


def test_a_crawl_makes_no_index_which_its_role_could_not_make() -> None:
    """Glue makes one for each table unless it is told not to; there are two partitions to find."""
    assert CONFIGURATION["CreatePartitionIndex"] is False


def test_markers_and_what_athena_cannot_read_are_no_tables() -> None:
    globs = [
        re.compile(glob.replace(".", r"\.").replace("**", ".+").replace("*", "[^/]*").replace("+/", "*/"))
        for glob in TARGET["Exclusions"]
    ]
    for name in (MARKER, ".hidden", "a.zip", "a.xlsx"):
        assert any(glob.fullmatch(f"shop/orders/full/2026-01/{name}") for glob in globs), name
    assert not any(glob.fullmatch(f"shop/orders/delta/{name}") for glob in globs for name in ("a_b.csv", "a.csv.gz", "a.parquet"))


def test_the_crawler_reads_landing_and_writes_its_own_database_and_nothing_else() -> None:
    assert CRAWLER["Role"] == {"Fn::GetAtt": "LandingCrawlerRole.Arn"}
    assert CRAWLER["DatabaseName"] == {"Ref": "LandingDatabase"}
    reached = {
        (action.split(":")[0], str(resource)) for s in MAY for action in as_list(s["Action"]) for resource in as_list(s["Resource"])
    }
    catalog = {f"{GLUE}catalog", f"{GLUE}database/${{LandingDatabase}}", f"{GLUE}table/${{LandingDatabase}}/*"}
    assert {resource for service, resource in reached if service == "glue"} == {str({"Fn::Sub": arn}) for arn in catalog}
    bucket = {str({"Fn::GetAtt": "LandingBucket.Arn"}), str({"Fn::Sub": "${LandingBucket.Arn}/*"})}
    assert {resource for service, resource in reached if service == "s3"} == bucket
    assert all(":log-group:/aws-glue/crawlers" in resource for service, resource in reached if service == "logs")
    assert {service for service, _ in reached} == {"glue", "logs", "s3"}


def test_the_crawler_needs_no_key_because_the_bucket_has_s3s_own() -> None:
    encryption = RESOURCES["LandingBucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]


def test_only_glue_in_this_account_is_the_crawlers_role() -> None:
    (trust,) = of_type("AWS::IAM::Role")["LandingCrawlerRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "glue.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_state_machine_starts_this_crawler_and_may_start_no_other() -> None:
    (machine,) = of_type("AWS::Serverless::StateMachine").values()
    assert machine["DefinitionSubstitutions"]["LandingCrawler"] == CRAWLER["Name"] == NAME
    grants = [(name, s) for name, s in statements() if any("Crawler" in action for action in as_list(s["Action"]))]
    assert grants == [
        (
            "LoadStateMachineRole",
            {
                "Effect": "Allow",
                "Action": "glue:StartCrawler",
                "Resource": {"Fn::Sub": f"{GLUE}crawler/${{AWS::StackName}}-landing"},
            },
        )
    ]


def test_nothing_but_runs_starts_the_crawler() -> None:
    assert "Schedule" not in CRAWLER
