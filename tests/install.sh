#!/bin/sh
# Installs the programs that the tests drive, where that is allowed; without them their tests skip and say so.
set -eu
packages=""
PATH="$PATH:/usr/sbin" # where Debian has its servers
need() { # program package...
    command -v "$1" >/dev/null 2>&1 || { shift; packages="$packages $*"; }
}
need chromium chromium
need mosquitto mosquitto
need openssl openssl
[ -n "$packages" ] || exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    apt-get install -y -qq --no-install-recommends $packages >/dev/null
else
    echo "not installed, so some tests will skip:$packages" >&2
fi
