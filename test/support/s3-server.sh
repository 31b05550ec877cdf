#!/usr/bin/env bash
# A real server that speaks S3, for the tests of the S3 adapters: Versity S3 Gateway (Apache-2.0), over a folder that goes
# away with it. It decides If-Match and If-None-Match under a lock per key, as S3 does, answers 404 to If-Match where there
# is no object, and checks signatures. It differs from S3 in two things: it keeps keys as paths, so that no key may be the
# beginning of another up to a slash, and it does not encode keys in listings, so that they hold what XML can hold.
#
#   bash test/support/s3-server.sh npx vitest run test/adapters/aws    runs a command with NIGHTDESK_S3_ENDPOINT set
#   bash test/support/s3-server.sh                                    prints the endpoint and serves until Ctrl-C
#
# Needs Go 1.25 or later and, the first time, the Go module proxy (about 2 minutes); the program is kept in
# ${NIGHTDESK_S3_CACHE:-${XDG_CACHE_HOME:-~/.cache}/nightdesk}. Exit code 69 where it cannot be installed or started.
set -euo pipefail

version=v1.8.0
cache=${NIGHTDESK_S3_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nightdesk}
program=$cache/versitygw-$version

unavailable() {
  echo "s3-server: $1" >&2
  exit 69 # EX_UNAVAILABLE
}

if [ ! -x "$program" ]; then
  command -v go >/dev/null || unavailable 'Go is not installed'
  mkdir -p "$cache"
  building=$(mktemp -d "$cache/building.XXXXXX")
  GOBIN=$building go install "github.com/versity/versitygw/cmd/versitygw@$version" >&2 ||
    { rm -rf "$building"; unavailable 'Versity S3 Gateway could not be installed'; }
  mv "$building/versitygw" "$program" # whole or not at all, also where two do it at once
  rm -rf "$building"
fi

folder=$(mktemp -d "$cache/s3.XXXXXX") # on a disk: it needs extended attributes
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

# A port that nothing listens on just now; another is tried where somebody else was faster.
for _ in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 20000))
  mkdir -p "$folder/objects"
  ROOT_ACCESS_KEY=test ROOT_SECRET_KEY=test-secret \
    "$program" --port "127.0.0.1:$port" --health /health --quiet posix "$folder/objects" >"$folder/log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    kill -0 "$server" 2>/dev/null || break
    if (exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET /health HTTP/1.0\r\n\r\n' >&3 && grep -q ' 200 ' <&3) 2>/dev/null; then break 2; fi
    sleep 0.1
  done
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
done
[ -n "$server" ] || { cat "$folder/log" >&2; unavailable 'Versity S3 Gateway did not start'; }

export NIGHTDESK_S3_ENDPOINT=http://127.0.0.1:$port
if [ $# -gt 0 ]; then "$@"; else
  echo "$NIGHTDESK_S3_ENDPOINT (access key test, secret test-secret)"
  wait "$server"
fi
