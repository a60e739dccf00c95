#!/usr/bin/env bash
# Times the release binary against ripgrep reading the same files: tests/benches/ratio.sh [DIR] [--cold] [--files N] [--max-seconds S]
# Without DIR: a synthetic repository, the same each time. Needs ripgrep (Debian: ripgrep).
set -euo pipefail
arguments=()
for argument; do
    # Cargo runs benches in their package's directory.
    if [ -d "$argument" ]; then argument=$(cd "$argument" && pwd); fi
    arguments+=("$argument")
done
cd "$(dirname "$0")/../.."
command -v rg > /dev/null || { echo "ripgrep is missing: apt-get install ripgrep" >&2; exit 2; }
cargo bench --quiet -p twiceshy-tests --bench ratio -- "${arguments[@]}"
