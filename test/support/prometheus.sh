#!/usr/bin/env bash
# A real Prometheus server and its promtool on PATH, for the tests that scrape a desk (test/desk/metrics) and that read what
# Grafana asks (test/core/dashboards); they are skipped without. Debian's package; where it is missing it is installed by apt.
#
#   bash test/support/prometheus.sh npx vitest run test/desk/metrics test/core/dashboards    runs a command
#   bash test/support/prometheus.sh                                                         prints the version
#
# Exit code 69 where it cannot be installed.
set -euo pipefail

unavailable() {
  echo "prometheus: $1" >&2
  exit 69 # EX_UNAVAILABLE
}

if ! command -v prometheus >/dev/null; then
  command -v apt-get >/dev/null || unavailable 'it is not installed, and there is no apt-get to install it with'
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || unavailable 'it is not installed, and only root may install it'
    as_root=sudo
  fi
  # Only the program: Debian would start it as a service, on a port that is somebody else's.
  { $as_root apt-get update -q && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qy --no-install-recommends prometheus; } >&2 ||
    unavailable 'it could not be installed'
fi

if [ $# -gt 0 ]; then exec "$@"; fi
prometheus --version 2>&1 | head -n 1
