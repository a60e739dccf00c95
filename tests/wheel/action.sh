#!/usr/bin/env bash
# action.sh WHEEL: the action's scripts one after the other, as a runner would run them, with the wheel in PyPI's place.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
wheel=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
RUNNER_TEMP=$(mktemp -d)
trap 'rm -rf "$RUNNER_TEMP"' EXIT
export RUNNER_TEMP GITHUB_OUTPUT="$RUNNER_TEMP/output" GITHUB_STEP_SUMMARY="$RUNNER_TEMP/summary"

# output NAME: what a step said.
output() {
    sed -n "s/^$1=//p" "$GITHUB_OUTPUT"
}

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$top/Cargo.toml" | head -n 1)
PIP_NO_INDEX=1 PIP_FIND_LINKS=$(dirname "$wheel") TWICESHY_VERSION=$version bash "$top/action/install.sh"
TWICESHY_BINARY=$(output binary) TWICESHY_PATHS=fixtures/shop/repo TWICESHY_ARGUMENTS='' TWICESHY_FAIL_ON=error \
    TWICESHY_ANNOTATE=true TWICESHY_SUMMARY=true TWICESHY_UPLOAD=true bash -c "cd '$top' && bash action/check.sh" > "$RUNNER_TEMP/log"
grep -q '^::error file=fixtures/shop/repo/' "$RUNNER_TEMP/log"
grep -q '^| error |' "$GITHUB_STEP_SUMMARY"
[ -s "$(output sarif-file)" ]
status=0
TWICESHY_EXIT_CODE=$(output exit-code) bash "$top/action/verdict.sh" || status=$?
[ "$status" -eq 1 ]
echo "the action found what stands in the sample, and failed the job"
