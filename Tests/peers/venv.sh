#!/usr/bin/env bash
# Makes .venv at the package root with what Tests/peers/requirements.txt names: once, quietly.
# Where that cannot be done it says why and ends with 0, so that the tests that need it are skipped, not failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
wanted="$root/Tests/peers/requirements.txt"
made="$root/.venv/made-from"

if [ -x "$root/.venv/bin/python" ] && cmp -s "$wanted" "$made"; then exit 0; fi

skip() { echo "venv: $1; tests that compare with Python tools are skipped"; rm -rf "$root/.venv"; exit 0; }

python=
for candidate in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
  # The version is new enough, and the module that makes environments is whole (Debian packs it apart).
  if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || skip "no python3 of version 3.11 or newer with the module venv (Debian: python3-venv)"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
rm -rf "$root/.venv"
echo "venv: making .venv (numpy, xarray, netCDF4, compliance-checker, ...)"
"$python" -m venv "$root/.venv" >"$log" 2>&1 || { tail -n 5 "$log"; skip "$python could not make .venv"; }
if ! "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
  -r "$wanted" >"$log" 2>&1; then
  tail -n 5 "$log"
  skip "the packages of Tests/peers/requirements.txt could not be had from PyPI"
fi
cp "$wanted" "$made"
