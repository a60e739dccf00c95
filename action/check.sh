#!/usr/bin/env bash
# Runs twiceshy and notes how it ended. Fails unless it ended in one of the two ways in which everything was checked, so that
# a crash is never taken for a clean repository.
set -euo pipefail

fail() {
    echo "::error title=twiceshy::$1"
    exit 2
}

# yes VALUE NAME: whether an input that is true or false is true.
yes() {
    case "$1" in
        true) return 0 ;;
        false) return 1 ;;
        *) fail "the input $2 is neither true nor false" ;;
    esac
}

mkdir -p "$RUNNER_TEMP"
reports=$(mktemp -d "$RUNNER_TEMP/twiceshy-XXXXXX")
sarif="$reports/twiceshy.sarif"
summary="$reports/summary.md"

arguments=(check --format text --format "sarif=$sarif")
if yes "$TWICESHY_ANNOTATE" annotate; then
    arguments+=(--format github)
fi
if yes "$TWICESHY_SUMMARY" summary; then
    arguments+=(--format "markdown=$summary")
fi
case "$TWICESHY_FAIL_ON" in
    error | warn | pedantic) arguments+=(--fail-on "$TWICESHY_FAIL_ON") ;;
    never) arguments+=(--exit-zero) ;;
    *) fail "the input fail-on is none of error, warn, pedantic, never" ;;
esac
upload=false
if yes "$TWICESHY_UPLOAD" upload-sarif; then
    upload=true
fi
while IFS= read -r line; do
    case "$upload $line" in
        "true --since"* | "true --staged"*)
            fail "with --since and --staged, set upload-sarif to false: code scanning would close what is not reported"
            ;;
    esac
    [ -z "$line" ] || arguments+=("$line")
done <<< "$TWICESHY_ARGUMENTS"
arguments+=(--)
while IFS= read -r line; do
    [ -z "$line" ] || arguments+=("$line")
done <<< "$TWICESHY_PATHS"

status=0
"$TWICESHY_BINARY" "${arguments[@]}" || status=$?
if [ -s "$summary" ]; then
    cat "$summary" >> "$GITHUB_STEP_SUMMARY"
fi
if [ "$status" -gt 1 ]; then
    fail "twiceshy ended with exit code $status: not everything was checked"
fi
[ -s "$sarif" ] || fail "twiceshy wrote no report"
{
    echo "exit-code=$status"
    echo "sarif-file=$sarif"
} >> "$GITHUB_OUTPUT"
