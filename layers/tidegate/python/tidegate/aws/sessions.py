"""boto3 sessions that do not each read botocore's descriptions of services anew.

dbt opens a connection for every model and test, dbt-athena a session for every connection, and each session reads and parses 0.2 s of
JSON on a processor before it asks Athena anything: two thirds of what a build took in its Lambda.
"""

import functools

import botocore.loaders
import botocore.session

_one_loader = functools.cache(botocore.loaders.create_loader)


def share_descriptions() -> None:
    """Let every session that is made from here on take the descriptions that one before it read; nobody changes them."""
    botocore.session.create_loader = _one_loader
