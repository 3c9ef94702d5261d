#!/usr/bin/env bash
# Puts the pinned Python packages of a suite into a folder of their own, and does nothing where they are there already.
#
#     test/foreign/setup.sh                 for test/foreign, in .venv-foreign
#     test/foreign/setup.sh conformance     for test/conformance, in .venv-conformance
#
# Two folders, because moto and AWS's command line want different versions of botocore.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

suite=${1:-foreign}
requirements=test/$suite/requirements.txt
folder=.venv-$suite
[ -f "$requirements" ] || {
  printf '%s is missing: there is no suite %s that needs Python.\n' "$requirements" "$suite" >&2
  exit 2
}

# The copy of the list is written last: an installation that was interrupted is made again.
if cmp -s "$requirements" "$folder/requirements.txt" && "$folder/bin/python" -c ''; then
  exit 0
fi

make_folder() { python3 -m venv --clear "$folder"; }

if ! make_folder >/dev/null 2>&1; then
  # Debian and Ubuntu keep the module in a package of its own.
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends python3 python3-venv
  fi
  make_folder
fi
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
cp "$requirements" "$folder/requirements.txt"
