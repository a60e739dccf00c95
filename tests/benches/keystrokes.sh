#!/usr/bin/env bash
# Times keystrokes with the release binary: tests/benches/keystrokes.sh [DIR] [--edits N] [--max-same-ms MS] [--max-other-ms MS]
# Without DIR: the shop of the fixtures.
set -euo pipefail
arguments=()
for argument; do
    # Cargo runs benches in their package's directory.
    if [ -d "$argument" ]; then argument=$(cd "$argument" && pwd); fi
    arguments+=("$argument")
done
cd "$(dirname "$0")/../.."
cargo bench --quiet -p twiceshy-tests --bench keystrokes -- "${arguments[@]}"
