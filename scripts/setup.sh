#!/bin/sh
# Makes sure that what the build and the runtimes need from Debian is there.
# As root it installs what is missing; otherwise it prints the one command that does.
set -eu

packages="gcc libc6-dev make bash dash coreutils mawk sed grep findutils diffutils tar gzip jq curl sqlite3
bc bsdextrautils util-linux bzip2 xz-utils python3 python3-pip python3-venv $*"

if ! command -v dpkg-query >/dev/null; then
    echo "setup: this is not a Debian system; the build needs: $packages" >&2
    exit 0
fi
# Any Node is left as it is; Debian 12's own is too old for JavaScript, and the build says so.
command -v node >/dev/null || packages="$packages nodejs npm"
missing=""
for package in $packages; do
    case "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" in
        *"ok installed") ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: please run once: sudo apt-get install$missing" >&2
    exit 1
fi
echo "setup: installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086 # a list of packages
apt-get install -q -y --no-install-recommends $missing
