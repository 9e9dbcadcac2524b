"""Starts LocalStack so that nobody but this machine reaches it.

Host mode of 4.14.0 ignores the address in GATEWAY_LISTEN and DynamoDB Local has no such setting: both would listen on
every address. Run as: python -m huawu_executor.serve
"""
from localstack.runtime.main import main
from localstack.runtime.server import twisted
from localstack.services.dynamodb.packages import dynamodblocal_package
from localstack.services.dynamodb.server import DynamodbServer

LOOPBACK = "127.0.0.1"

_endpoint = twisted.endpoints.TCP4ServerEndpoint
_command = DynamodbServer._create_shell_command


def _loopback_endpoint(reactor, port, *args, **kwargs):
    return _endpoint(reactor, port, *args, **{**kwargs, "interface": LOOPBACK})


def _loopback_command(self):
    cmd = _command(self)
    at = cmd.index("-jar")
    agent = dynamodblocal_package.get_installer().get_ddb_agent_jar_path()
    return cmd[:at] + ["-cp", f"{agent}:{cmd[at + 1]}", "Loopback"] + cmd[at + 2:]


if __name__ == "__main__":
    twisted.endpoints.TCP4ServerEndpoint = _loopback_endpoint
    DynamodbServer._create_shell_command = _loopback_command
    main()
