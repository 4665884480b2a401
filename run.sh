#!/usr/bin/env bash
# bash run.sh            the page on http://127.0.0.1:7860 (options: --host, --port, -o DIR, --model)
# bash run.sh test       all tests
# bash run.sh VERB …     any other verb of `emotone`, such as: bash run.sh predict speech.wav
# Needs Python 3.10+ only: makes .venv beside this file and installs into it. Later starts need no network.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="$here/.venv"

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.10 python; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Emotone needs Python 3.10 or newer. / Emotone 需要 Python 3.10 或更高版本。" >&2
    return 1
}

# What an installation depends on: where it is, and what it consists of.
state() {
    echo "$here"
    cat "$here/pyproject.toml"
}

# install EXTRA: when it is new, has changed, was moved or is broken.
install() {
    local stamp="$venv/.installed-$1" python
    if [ -f "$stamp" ] && state | cmp -s - "$stamp" && "$venv/bin/python" -c 'import emotone' 2>/dev/null; then
        return
    fi
    echo "Installing Emotone into .venv (once, about a minute) … / 正在安装到 .venv（仅首次，约一分钟）…" >&2
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        python=$(find_python)
        "$python" -m venv --clear "$venv" || {
            echo "Could not make .venv; on Debian and Ubuntu: apt install python3-venv. / 无法创建 .venv。" >&2
            exit 1
        }
    fi
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$here[$1]" >&2
    state >"$stamp"
}

# Debian's browser and fonts for the browser tests, where this user may install them.
install_chromium() {
    if command -v chromium >/dev/null || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        return
    fi
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-noto-cjk fonts-noto-color-emoji >/dev/null 2>&1 || echo "Chromium could not be installed." >&2
}

case "${1:-}" in
    test)
        shift
        install_chromium
        install test
        cd "$here"
        exec "$venv/bin/python" -m pytest "$@"
        ;;
    "" | -*)
        install ui,convert
        exec "$venv/bin/python" -m emotone serve "$@"
        ;;
    *)
        install ui,convert
        exec "$venv/bin/python" -m emotone "$@"
        ;;
esac
