#!/bin/sh
# Installs the programs that the tests drive, where that is allowed; without them their tests skip and say so.
set -eu
packages=""
PATH="$PATH:/usr/sbin" # where Debian has its servers
need() { # program package...
    command -v "$1" >/dev/null 2>&1 || { shift; packages="$packages $*"; }
}
need chromium chromium
need espeak-ng espeak-ng
need mosquitto mosquitto
need openssl openssl
need nginx nginx-light
need systemd-analyze systemd
# The RTSP camera runs in the system's Python, as that is where Debian puts GStreamer's bindings.
/usr/bin/python3 "$(dirname "$0")/kit/cameras/rtsp_server.py" --check 2>/dev/null ||
    packages="$packages python3 python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
[ -n "$packages" ] || exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    apt-get install -y -qq --no-install-recommends $packages >/dev/null
else
    echo "not installed, so some tests will skip:$packages" >&2
fi
