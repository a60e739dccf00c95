#!/usr/bin/env bash
# pre-commit.sh: the commit hook `twiceshy`, which is built from source, as the real pre-commit installs and runs it, from a git remote
# that holds what stands here. It is built with what target/debug has of the dependencies, and not optimised, which would take minutes:
# the optimised wheel is built elsewhere, by the same pyproject.toml.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
target="$top/target"
home=$(mktemp -d -p "$target")
trap 'rm -rf "$home"' EXIT
mkdir -p "$home/remote" "$home/repo" "$home/target/debug"

# Of what was built, the dependencies: our own crates are others there, for they stand elsewhere.
for part in deps build .fingerprint; do
    [ ! -e "$target/debug/$part" ] || cp -al "$target/debug/$part" "$home/target/debug/"
done
find "$home/target/debug" -maxdepth 2 -name '*twiceshy*' -exec rm -rf {} +
export CARGO_TARGET_DIR="$home/target" MATURIN_PEP517_ARGS="--profile=dev" CARGO_PROFILE_DEV_DEBUG=none CARGO_INCREMENTAL=0

export PRE_COMMIT_HOME="$home/cache" GIT_CONFIG_GLOBAL=/dev/null
for who in GIT_AUTHOR GIT_COMMITTER; do
    export "${who}_NAME=a" "${who}_EMAIL=a@example.com"
done
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$top/Cargo.toml" | head -n 1)
cd "$top"
GIT_INDEX_FILE="$home/index" git add -A
GIT_INDEX_FILE="$home/index" git checkout-index --all --prefix="$home/remote/"
(cd "$home/remote" && git init -q -b main && git add -A -f && git commit -qm "what stands here" && git tag "v$version")

cd "$home/repo"
git init -q -b main
# What the README says, from here.
# shellcheck disable=SC2016
sed -n '/^```yaml .pre-commit-config.yaml$/,/^```$/{/^```/d;p}' "$top/README.md" |
    sed "s|repo: .*|repo: $home/remote|" > .pre-commit-config.yaml
grep -q 'id: twiceshy$' .pre-commit-config.yaml
printf 'services:\n  web:\n    image: nginx:1.27\n    depends_on: [db]\n  db:\n    image: redis:7\n' > compose.yml
git add -A
"$target/evidence/venv-pre-commit/bin/pre-commit" install > /dev/null
git commit -qm "what is whole passes"
sed -i 's/\[db\]/[dbb]/' compose.yml
if git commit -qam "what is not is blocked" > "$home/said" 2>&1 || ! grep -q 'error\[undefined-service\]' "$home/said"; then
    echo "the hook did not block what it has to block:" >&2
    cat "$home/said" >&2
    exit 1
fi
# It was the one that pre-commit has built.
[ -n "$(find "$PRE_COMMIT_HOME" -path '*/bin/twiceshy' -perm -u+x)" ]
echo "the hook was built from source, and blocked what it has to block"
