#!/usr/bin/env bash
# Stops what localstack/up.sh started, by its recorded pid: SIGTERM, 15 s of grace, then SIGKILL to it and its children.
# usage: localstack/down.sh [--purge]      --purge also forgets what it stored
set -euo pipefail
home=${LOCALSTACK_HOME:-$(cd "$(dirname "$0")/.." && pwd)/.venv-localstack}
state=$home/state
say() { echo "localstack: $*" >&2; }
tree() { local c; for c in $(ps -o pid= --ppid "$1" 2>/dev/null); do tree "$c"; echo "$c"; done; }
if [ -s "$state/pid" ]; then
  pid=$(cat "$state/pid")
  if [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q huawu_executor.serve; then
    kids=$(tree "$pid")
    kill -TERM "$pid" 2>/dev/null || true
    for _ in $(seq 150); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    if kill -0 "$pid" 2>/dev/null; then say "pid $pid did not end in 15 s"; kill -KILL "$pid" 2>/dev/null || true; fi
    for k in $kids; do kill -KILL "$k" 2>/dev/null || true; done
    say "pid $pid stopped"
  fi
  rm -f "$state/pid" "$state/port"
fi
[ "${1:-}" != --purge ] || rm -rf "$state"
