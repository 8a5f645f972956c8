# Read another run's data: everything /proc would tell about init.
seen=()
for name in environ cmdline maps fd root cwd exe status ns stack; do
    { cat "/proc/1/$name" || ls "/proc/1/$name"; } >/dev/null 2>&1 && seen+=("$name")
done
others=$(for dir in /proc/[0-9]*; do cat "$dir/comm"; done 2>/dev/null | sort -u | tr '\n' ' ')
echo "OUTCOME: of init seen: [${seen[*]}] processes: $others"
