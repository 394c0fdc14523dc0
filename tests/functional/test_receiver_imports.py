"""The receiver starts quickly because it leaves the heavy libraries alone."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Imports the receiver and lets it take one delivery with real clients whose answers are canned, then prints the
#: heavy modules that are loaded, and anyone who holds jmespath: botocore and Powertools' logger load it themselves.
PROGRAM = """
import json, sys
from functions.receiver import app
from types import SimpleNamespace
from botocore.stub import Stubber

receiver = app.compose()
secrets, queue = Stubber(receiver.secrets._client), Stubber(receiver.queues._sqs)
secrets.add_response("get_secret_value", {"SecretString": json.dumps({"hook_secret": "local-secret"})})
queue.add_response("send_message_batch", {"Successful": [], "Failed": []})
event = {"uuid": "5f0c1f1e-2b7d-4c59-9a43-000000000001", "published": "2026-11-23T21:00:00.000Z",
         "eventType": "user.lifecycle.create", "outcome": {"result": "SUCCESS"},
         "target": [{"type": "User", "id": "00u1bridge0000000001"}]}
body = json.dumps({"eventType": "com.okta.event_hook", "data": {"events": [event]}})
context = SimpleNamespace(function_name="receiver", memory_limit_in_mb=512,
                          invoked_function_arn="arn", aws_request_id="1")
with secrets, queue:
    answer = app.handler({"httpMethod": "POST", "headers": {"Authorization": "local-secret"}, "body": body}, context)
    queue.assert_no_pending_responses()
assert answer["statusCode"] == 204, answer
heavy = [name for name in ("pydantic", "pydantic_core", "httpx", "phonenumbers", "scim2_models") if name in sys.modules]
holders = [name for name, held in list(sys.modules.items()) if sys.modules["jmespath"] in vars(held).values()]
packages = {name.partition(".")[0] for name in holders}
heavy += sorted(packages - {"jmespath", "botocore", "boto3", "aws_lambda_powertools"})
print("heavy:", *heavy)
"""


def test_the_receiver_loads_no_heavy_library() -> None:
    """After the import and after a call there is no pydantic, httpx or phonenumbers, and no jmespath of ours."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers" / "bridge")]),
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
        "OKTA_APP_ID": "0oa1genesyscloudapp1",
        "BRIDGE_SECRET_ID": "bridge-secret",
        "LEAVERS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/leavers.fifo",
        "USERS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/users.fifo",
        "GROUPS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/groups.fifo",
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy:"
