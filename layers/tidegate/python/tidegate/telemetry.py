"""Logs, metrics and traces of the Lambdas, and the frame around every handler.

Events are never logged: they may hold personal data.
"""

import functools
import traceback
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from tidegate.aws.errors import translate
from tidegate.errors import NothingWaits, TidegateError, Unexpected, stand_in

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])


def entry(handler: Handler) -> Handler:
    """Frame a Lambda handler: logs with the request id, metrics flushed at the end, a trace, and errors of our own tree only.

    Step Functions matches on the class of what leaves here, so nothing but a TidegateError may leave.
    """

    @functools.wraps(handler)
    def framed(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
        try:
            return handler(event, context)
        except NothingWaits as nothing:
            logger.info("nothing waits", dataset=str(nothing))
            raise
        except TidegateError as error:
            logger.error("gave up", error=type(error).__name__, cause=str(error))  # noqa: TRY400 - the cause says it all
            raise
        except (ClientError, BotoCoreError) as error:
            raise translate(error) or Unexpected(f"AWS: {error}") from error
        except Exception as error:  # noqa: BLE001 - the last door: nothing foreign may leave
            known = stand_in(error)
            if isinstance(known, Unexpected):
                where = traceback.format_tb(error.__traceback__)
                logger.error("unexpected", error=type(error).__name__, where=where)  # noqa: TRY400 - the text may quote a row
            raise known from None

    with_logs = logger.inject_lambda_context(framed, log_event=False, clear_state=True)
    traced = tracer.capture_lambda_handler(with_logs, capture_response=False, capture_error=False)
    result: Handler = metrics.log_metrics(traced)
    return result


def measure(values: dict[str, float], dataset: str = "", unit: MetricUnit = MetricUnit.Count) -> None:
    """Add metrics, under the dataset's name when there is one."""
    if dataset:
        metrics.add_dimension(name="dataset", value=dataset)
    for name, value in values.items():
        metrics.add_metric(name=name, unit=unit, value=value)
