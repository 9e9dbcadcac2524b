#!/usr/bin/env bash
# Sees to it that the peers which the tests call with are there. As root it installs what is missing;
# otherwise it prints the one line that does, and ends with 1.
set -euo pipefail

# program=package
wanted=(baresip=baresip-core sipp=sip-tester espeak-ng=espeak-ng gcc=gcc chromium=chromium)

# The AWS Encryption SDK opens what the relay seals. Without it that one test is left to a decoder of ours.
python=build/python
if [ ! -x $python/bin/python3 ] && command -v python3 >/dev/null 2>&1; then
  if ! { python3 -m venv $python && $python/bin/pip install -q -r mediarelay/seal/testdata/requirements.txt; } >/dev/null 2>&1; then
    rm -rf $python
    echo "no AWS Encryption SDK for Python (python3-venv, pip): one test of mediarelay/seal is left out" >&2
  fi
fi

missing=()
for w in "${wanted[@]}"; do
  command -v "${w%%=*}" >/dev/null 2>&1 || missing+=("${w#*=}")
done
# Without a Chinese font the pages are boxes in the browser's pictures.
ls /usr/share/fonts/opentype/noto/NotoSansCJK-* >/dev/null 2>&1 || missing+=(fonts-noto-cjk)
[ ${#missing[@]} -eq 0 ] && exit 0

line="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "The tests need real peers that are not installed here. As root:" >&2
  echo "  apt-get update && $line" >&2
  exit 1
fi
echo "installing ${missing[*]} …" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update && $line; } >"$log" 2>&1; then
  tail -20 "$log" >&2
  echo "could not install them: apt-get update && $line" >&2
  exit 1
fi
