#!/usr/bin/env bash
# Makes the virtual environment DIRECTORY hold exactly what the hash-pinned FILE names.
#   environment.sh [--seed] DIRECTORY FILE [PYTHON...]
# PYTHON: commands to try, in order (default: python3.13 python3.12 python3.11 python3); the first that runs and
# is 3.11 or later is used. --seed puts pip into the environment.
set -euo pipefail

seed=()
if [[ $1 == --seed ]]; then
    seed=(--seed)
    shift
fi
directory=$1 file=$2
shift 2
candidates=("$@")
[[ ${#candidates[@]} -gt 0 ]] || candidates=(python3.13 python3.12 python3.11 python3)

# A command may exist and still not run: pyenv leaves shims for versions that it no longer has.
suits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

python=""
for candidate in "${candidates[@]}"; do
    if suits "$candidate"; then
        python=$("$candidate" -c 'import sys; print(sys.executable)')
        break
    fi
done
if [[ -z $python ]]; then
    echo "No Python 3.11 or later: tried ${candidates[*]}. On Debian 12 or Ubuntu 24.04: apt-get install python3" >&2
    exit 1
fi

uv=$("$(dirname "$0")/get-uv.sh" "$python")
if ! suits "$directory/bin/python"; then
    echo "Making $directory with $("$python" --version)"
    rm -rf "$directory"
    "$uv" venv --quiet "${seed[@]}" --python "$python" "$directory"
fi
echo "Bringing $directory to $file (the first time it downloads the packages; a minute or so)"
"$uv" pip sync --quiet --require-hashes --compile-bytecode --python "$directory/bin/python" "$file"
touch "$directory/.made"
