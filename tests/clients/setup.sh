#!/usr/bin/env bash
# Installs the programs of others that the tests call (DuckDB, Polars, a Kafka client, a reader of YAML and one of JSON
# Schema) into a Python environment of their own and prints the path of its interpreter.
#
#   setup.sh [folder]    default: <target folder>/tmp/clients, which is "$CARGO_TARGET_TMPDIR/clients" in a test
#
# Safe to repeat and to run twice at once: a complete environment is left as it is and needs no network.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${1:-${CARGO_TARGET_DIR:-$here/../../target}/tmp/clients}
wanted=$here/requirements.txt
stamp=$venv/installed.txt

mkdir -p "$(dirname "$venv")"
exec 9>"$venv.lock"
flock --timeout 600 9 || { echo "setup.sh: another run holds \`$venv.lock\` for ten minutes" >&2; exit 1; }

if ! cmp --silent "$wanted" "$stamp"; then
    python3 -c 'import ensurepip' 2>/dev/null || {
        echo "setup.sh: python3 cannot make an environment: install python3 and python3-venv" >&2
        exit 1
    }
    rm -rf "$venv"
    python3 -m venv "$venv" >&2
    for attempt in 1 2 3; do
        if "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" >&2; then
            break
        fi
        if [[ $attempt == 3 ]]; then
            echo "setup.sh: pip failed three times, see above" >&2
            exit 1
        fi
        sleep $((attempt * 5))
    done
    # Written last: an environment without it is made anew.
    cp "$wanted" "$stamp"
fi

echo "$venv/bin/python"
