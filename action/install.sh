#!/usr/bin/env bash
# Installs the wheel of one version from PyPI into a directory of its own: nothing is built, nothing else comes along.
set -euo pipefail

fail() {
    echo "::error title=twiceshy::$1"
    exit 2
}

[[ $TWICESHY_VERSION =~ ^[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?$ ]] || fail "the input version is not a version"
python=$(command -v python3 || command -v python) || fail "there is no Python to install twiceshy with"
home="$RUNNER_TEMP/twiceshy"
"$python" -m venv "$home"
bin="$home/bin"
[ -d "$bin" ] || bin="$home/Scripts"
"$bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps "twiceshy==$TWICESHY_VERSION"
"$bin/twiceshy" --version
echo "binary=$bin/twiceshy" >> "$GITHUB_OUTPUT"
