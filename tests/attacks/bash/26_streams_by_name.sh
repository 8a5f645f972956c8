# Make the answer lie: open the outputs again by name, to read them back or to rewind them.
echo "OUTCOME: first line"
sh -c "echo second >/dev/stderr" 2>/dev/null && named=yes || named=no
timeout 1 head -c 5 /proc/self/fd/1 >/tmp/read 2>/dev/null
: 2>/dev/null >/dev/stdout
echo "OUTCOME: written by name: $named, read back: $(wc -c </tmp/read)"
