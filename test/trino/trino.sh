#!/usr/bin/env bash
# Runs a command with a real Trino at hand, the engine that Athena is made of: the tests beside this file hold every view and
# every named query against it, rows and all.
#
#   bash test/trino/trino.sh npx vitest run test/trino
#
# Needs Java 17 or later and Maven; the first time Maven Central (90 MB, kept in
# ${NIGHTDESK_TRINO_CACHE:-${XDG_CACHE_HOME:-~/.cache}/nightdesk}). Exit code 69 where it cannot be installed.
set -euo pipefail

version=435
cache=${NIGHTDESK_TRINO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nightdesk}
libraries=$cache/trino-$version

unavailable() {
  echo "trino: $1" >&2
  exit 69 # EX_UNAVAILABLE
}

if [ ! -d "$libraries" ]; then
  command -v java >/dev/null || unavailable 'Java is not installed'
  command -v mvn >/dev/null || unavailable 'Maven is not installed'
  mkdir -p "$cache"
  fetching=$(mktemp -d "$cache/fetching.XXXXXX")
  mvn -q -B -f "$(dirname "$0")/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$fetching/lib" >&2 || { rm -rf "$fetching"; unavailable 'Trino could not be fetched'; }
  # Whole or not at all, also where two do it at once.
  mv -T "$fetching/lib" "$libraries" 2>/dev/null || [ -d "$libraries" ] || unavailable "$libraries cannot be written"
  rm -rf "$fetching"
fi

NIGHTDESK_TRINO=$libraries exec "$@"
