#!/usr/bin/env bash
# Copies the pictures that README and docs show out of all that the stories took.
set -euo pipefail
from=$1 to=$2
for language in zh-CN en; do
  story=first-call
  [ "$language" = en ] && story=first-call-en
  cp "$from/entry/login-$language-light.png" "$to/login.$language.png"
  cp "$from/caller/call-$language-light.png" "$to/call.$language.png"
  cp "$from/floor/floor-$language-light.png" "$to/floor.$language.png"
  for page in check offer talk transfer wrap recording; do
    cp "$from/$story/$page-$language.png" "$to/$page.$language.png"
  done
done
cp "$from/floor/floor-zh-CN-dark.png" "$to/floor.dark.png"
cp "$from/consult/conference.png" "$to/conference.en.png"
