from tests.unit.stack.stack import RESOURCES, TEMPLATE, of_type, verbs

FOURTEEN_DAYS = 14 * 24 * 3600


def test_every_queue_keeps_messages_for_fourteen_days_encrypted() -> None:
    for name, queue in of_type("AWS::SQS::Queue").items():
        assert (queue["MessageRetentionPeriod"], queue["SqsManagedSseEnabled"]) == (FOURTEEN_DAYS, True), name


def test_arrivals_that_fail_five_times_go_to_the_dlq() -> None:
    redrive = of_type("AWS::SQS::Queue")["ArrivalsQueue"]["RedrivePolicy"]
    assert redrive == {"deadLetterTargetArn": {"Fn::GetAtt": "ArrivalsDlq.Arn"}, "maxReceiveCount": 5}


def test_a_message_stays_hidden_for_six_times_what_ingest_may_take() -> None:
    timeout = of_type("AWS::Serverless::Function")["IngestFunction"]["Timeout"]
    assert of_type("AWS::SQS::Queue")["ArrivalsQueue"]["VisibilityTimeout"] >= 6 * timeout


def test_every_log_group_forgets() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    others = {"LoadStateMachineLogs", "PublishLogs", "LoadJobErrorLogs", "LoadJobOutputLogs"}
    assert {f"{verb.capitalize()}Logs" for verb in verbs()} | others == set(groups)
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


def test_every_function_logs_into_its_own_group() -> None:
    for name, function in of_type("AWS::Serverless::Function").items():
        assert function["LoggingConfig"]["LogGroup"] == {"Ref": name.replace("Function", "Logs")}


def test_every_bucket_is_versioned_encrypted_private_and_has_a_lifecycle() -> None:
    for name, bucket in of_type("AWS::S3::Bucket").items():
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, name
        assert bucket["BucketEncryption"], name
        assert all(bucket["PublicAccessBlockConfiguration"].values()), name
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert all(rule["Status"] == "Enabled" for rule in rules)
        assert {"AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"} <= {key for rule in rules for key in rule}, name


def test_nothing_in_the_lake_expires_but_query_results_and_run_records() -> None:
    rules = of_type("AWS::S3::Bucket")["LakeBucket"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {"athena/": 7, "runs/": {"Ref": "RunRecordDays"}}
    assert TEMPLATE["Parameters"]["RunRecordDays"]["Default"] > 3650


def test_data_survives_the_stack() -> None:
    for name in ("LandingBucket", "LakeBucket", "LedgerTable", "TokenKey"):
        assert (RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_the_ledger_can_be_restored_to_any_second() -> None:
    ledger = of_type("AWS::DynamoDB::Table")["LedgerTable"]
    assert ledger["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert ledger["SSESpecification"] == {"SSEEnabled": True}


def test_a_lease_is_not_a_time_to_live() -> None:
    """`expires_at` of a lease is a time in microseconds; were it the TTL attribute, a change of unit would erase leases."""
    assert of_type("AWS::DynamoDB::Table")["LedgerTable"]["TimeToLiveSpecification"]["AttributeName"] != "expires_at"


def test_every_alarm_tells_the_topic_and_says_what_to_do() -> None:
    alarms = of_type("AWS::CloudWatch::Alarm")
    assert all(alarm["AlarmActions"] == [{"Ref": "Topic"}] and alarm["AlarmDescription"] for alarm in alarms.values())
    watched = {(alarm["Namespace"], alarm["MetricName"]) for alarm in alarms.values()}
    assert watched == {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/States", "ExecutionsFailed"),
        ("AWS/States", "ExecutionsTimedOut"),
        ("AWS/States", "ExecutionsAborted"),
        ("Tidegate", "OldestPendingSeconds"),
        ("Tidegate", "TablesAstray"),
        ("Tidegate", "SilentDatasets"),
        ("AWS/Lambda", "Errors"),
    }


def test_both_dlqs_have_an_alarm() -> None:
    alarms = of_type("AWS::CloudWatch::Alarm").values()
    queues = {a["Dimensions"][0]["Value"]["Fn::GetAtt"] for a in alarms if a["Namespace"] == "AWS/SQS"}
    assert queues == {"ArrivalsDlq.QueueName", "FailuresDlq.QueueName"}
