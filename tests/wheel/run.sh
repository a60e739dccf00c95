#!/usr/bin/env bash
# run.sh WHEEL: installs the wheel into an environment that holds nothing else, and runs what is in it on the sample.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
python=$(command -v python3 || command -v python)
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
case "$1" in
    # pip takes these on musl only, but what they carry needs no library and runs anywhere.
    *musllinux*)
        "$python" -m zipfile -e "$1" "$home/wheel"
        bin=$(dirname "$home"/wheel/twiceshy-*.data/scripts/twiceshy)
        chmod +x "$bin/twiceshy"
        ;;
    *)
        "$python" -m venv "$home/venv"
        bin="$home/venv/bin"
        [ -d "$bin" ] || bin="$home/venv/Scripts"
        "$bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps "$1"
        ;;
esac
# From elsewhere, so that nothing of the repository's own is run.
cd "$home"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/Cargo.toml" | head -n 1)
[ "$("$bin/twiceshy" --version | tr -d '\r')" = "twiceshy $version" ]
status=0
"$bin/twiceshy" check "$here/fixtures/shop/repo" --format text --format "sarif=$home/report.sarif" > "$home/report.txt" || status=$?
[ "$status" -eq 1 ]
grep -q '^error\[' "$home/report.txt"
grep -q '"version": "2.1.0"' "$home/report.sarif"
echo "$(basename "$1"): $(tail -n 1 "$home/report.txt")"
