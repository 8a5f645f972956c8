#!/bin/sh
# Fetches what the tests need to boot a guest with cgroup v2: Debian's cloud kernel, QEMU and busybox.
# Everything is unpacked into the directory named by the first argument and nothing is installed.
# Without Debian's package lists it says so, and the guest's tests say "skipped".
set -eu

target=$1
done_mark=$target/fetched-1
[ ! -e "$done_mark" ] || exit 0

skip() {
    echo "guest: $1: the tests in a guest will be skipped" >&2
    exit 0
}
command -v apt-get >/dev/null && [ "$(dpkg --print-architecture)" = amd64 ] || skip "not a Debian system on amd64"
if ! apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1; then
    [ "$(id -u)" -ne 0 ] || apt-get update -q || true
    apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1 || skip "no package lists, run once: sudo apt-get update"
fi
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)

rm -rf "$target"
mkdir -p "$target/debs/partial" "$target/root"
target=$(cd "$target" && pwd)
# With the libraries QEMU needs and this machine lacks; an own directory needs no lock and no root.
apt-get install --download-only -q -y --no-install-recommends -o Debug::NoLocking=1 \
    -o APT::Sandbox::User="$(id -un)" -o Dir::Cache::archives="$target/debs" qemu-system-x86 e2fsprogs >/dev/null \
    || skip "cannot fetch qemu-system-x86"
(cd "$target/debs" && apt-get download -q -o APT::Sandbox::User="$(id -un)" "$kernel" busybox-static >/dev/null) \
    || skip "cannot fetch $kernel and busybox-static"
for package in "$target"/debs/*.deb; do
    dpkg-deb -x "$package" "$target/root"
done
mv "$target"/root/boot/vmlinuz-* "$target/kernel"
# The guest needs no modules: its disk and its file system are part of the kernel.
rm -rf "$target/debs" "$target/root/boot" "$target/root/lib/modules" "$target/root/usr/share/doc"
: >"$done_mark"
