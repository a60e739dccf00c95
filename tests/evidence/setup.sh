#!/usr/bin/env bash
# What the evidence tests need and Cargo cannot bring: Python environments under target/evidence. Runs again in no time.
# PostgreSQL's server is the system's (Debian: apt-get install postgresql).
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p target/evidence

# environment NAME REQUIREMENT…: a virtual environment with exactly these.
environment() {
    local home="target/evidence/$1"
    shift
    local wanted="$*"
    if [ "$(cat "$home/.installed" 2>/dev/null || true)" = "$wanted" ]; then
        return
    fi
    rm -rf "$home"
    python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check "$@"
    printf '%s\n' "$wanted" > "$home/.installed"
}

environment venv 'sqlalchemy==2.0.58' 'alembic==1.20.1' 'psycopg2-binary==2.9.13' 'asyncpg==0.31.0' 'psycopg[binary]==3.3.9' 'greenlet' \
    'jsonschema[format]==4.25.1'
environment venv-2.1 'sqlalchemy==2.1.9' 'alembic==1.20.1' 'psycopg2-binary==2.9.13'
