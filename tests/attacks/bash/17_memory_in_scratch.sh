# Exceed a limit unnamed: files in the scratch are memory; fill all three places.
echo "OUTCOME: filling"
for dir in /dev/shm /tmp /work; do dd if=/dev/zero of=$dir/fill bs=1M count=40 2>/dev/null; done
echo "OUTCOME: files hold $(($(stat -c %s /dev/shm/fill) + $(stat -c %s /tmp/fill) + $(stat -c %s /work/fill))) bytes"
rm -f /work/fill
