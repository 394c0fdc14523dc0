#!/usr/bin/env bash
# Prints the path of the project's own uv in .uv, installed from requirements/uv.txt with its hashes where it is missing
# or another version. One on the PATH is never used: what it resolves and checks is not ours to know. Needs no root.
#   get-uv.sh PYTHON
set -euo pipefail

python=$1
root=$(cd "$(dirname "$0")/.." && pwd)
home=$root/.uv
log=$home/install.log

pinned=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' "$root/requirements/uv.txt")

runs() {
    [[ $("$1" --version 2>/dev/null) == "uv $pinned"* ]]
}

if runs "$home/bin/uv"; then
    echo "$home/bin/uv"
    exit
fi

pip_install=(install --quiet --disable-pip-version-check --no-deps --only-binary ":all:" --require-hashes
             --requirement "$root/requirements/uv.txt")

# Python with venv and its own pip: most machines.
by_venv() {
    "$python" -m venv "$home/venv" && "$home/venv/bin/python" -m pip "${pip_install[@]}" --target "$home"
}

# Python with pip, without venv.
by_pip() {
    "$python" -m pip "${pip_install[@]}" --target "$home"
}

# Debian and Ubuntu ship python3 without both: pip is a wheel in a package that can be unpacked anywhere. The
# package lists may be missing (fresh containers); then they are fetched into .uv too.
by_debian_wheel() {
    command -v apt-get dpkg-deb || return
    local packages=(python3-pip-whl) debs=$home/debs
    apt-cache show python3-distutils && packages+=(python3-distutils)
    mkdir -p "$debs" && cd "$debs" || return
    if ! apt-get download "${packages[@]}"; then
        local own=(-o "Dir::State::Lists=$home/lists" -o "Dir::Cache=$home/cache" -o "APT::Sandbox::User=$(id -un)")
        mkdir -p "$home/lists/partial" "$home/cache/archives/partial"
        apt-get "${own[@]}" update || return
        apt-get "${own[@]}" download python3-pip-whl || return
        apt-get "${own[@]}" download python3-distutils || true
    fi
    local deb
    for deb in ./*.deb; do
        dpkg-deb -x "$deb" "$home/unpacked" || return
    done
    local wheels=("$home"/unpacked/usr/share/python-wheels/pip-*.whl)
    PYTHONPATH=$home/unpacked/usr/lib/python3/dist-packages "$python" "${wheels[0]}/pip" \
        "${pip_install[@]}" --target "$home"
}

echo "Installing uv $pinned into .uv" >&2
mkdir -p "$home"
: >"$log"
for way in by_venv by_pip by_debian_wheel; do
    if ("$way") >>"$log" 2>&1 && runs "$home/bin/uv"; then
        rm -rf "$home/venv" "$home/debs" "$home/unpacked" "$home/lists" "$home/cache"
        echo "$home/bin/uv"
        exit
    fi
    echo "--- $way did not lead to a uv" >>"$log"
    rm -rf "$home/venv"
done
echo "uv could not be installed; $log says why. Install the package python3-venv (apt-get install python3-venv)," \
     "then run make again." >&2
exit 1
