#!/bin/sh
# Installs the Debian packages that the named purposes need and that are
# missing. Usage: packages.sh run [test] [bench]
set -eu

want() { # want COMMAND PACKAGE
	command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

missing=""
for purpose in "$@"; do
	case $purpose in
	run)
		want redis-server redis-server
		;;
	test)
		want sipp sip-tester
		want baresip baresip
		want kamailio kamailio
		want sox sox
		want chromium chromium
		ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
		want setpriv util-linux
		fc-list 2>/dev/null | grep -qi wqy || missing="$missing fontconfig fonts-wqy-zenhei"
		;;
	bench)
		want kamailio kamailio
		want rtpengine rtpengine-daemon
		want sipp sip-tester
		;;
	*)
		echo "packages.sh: unknown purpose $purpose" >&2
		exit 2
		;;
	esac
done
[ -n "$missing" ] || exit 0

root=""
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || {
		echo "Please install as root: apt-get install$missing" >&2
		exit 1
	}
	root=sudo
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# A package that starts its own service would take the ports of ours.
$root apt-get update -qq
# shellcheck disable=SC2086 # the list is meant to be split
$root env RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
