# Kernel surface: make programs load what they should not, by environment and by starting the loader directly.
injected=()
echo 'echo injected' >/work/env.sh
[ "$(BASH_ENV=/work/env.sh bash -c :)" = injected ] && injected+=(BASH_ENV)
cp /usr/bin/id /work/noexec && chmod 644 /work/noexec
loader=$(find /lib64/ /lib/ -name 'ld-linux*' 2>/dev/null | head -1)
[ "$("$loader" /work/noexec -u 2>/dev/null)" = 0 ] && injected+=(root-by-loader)
LD_PRELOAD=/work/missing.so LD_LIBRARY_PATH=/work id -u >/tmp/id 2>/dev/null
rm -f /work/noexec /work/env.sh
echo "OUTCOME: injected: [${injected[*]}] user: $(cat /tmp/id)"
