"""Step Functions."""

import json
from typing import Any

from tidegate.aws.errors import speaking_to_aws
from tidegate.model.run_names import execution_name


class StepFunctions:
    """The `load` state machine."""

    def __init__(self, client: Any, state_machine_arn: str) -> None:  # noqa: ANN401 - boto3 clients have no static type
        """Keep the client and the state machine's ARN."""
        self._client = client
        self._arn = state_machine_arn

    def start(self, dataset: str, token: int) -> None:
        """Start the execution of a lease. One that already exists is success: name and input follow from dataset and token."""
        with speaking_to_aws():
            try:
                self._client.start_execution(
                    stateMachineArn=self._arn,
                    name=execution_name(dataset, token),
                    input=json.dumps({"dataset": dataset, "token": token}),
                )
            except self._client.exceptions.ExecutionAlreadyExists:
                return
