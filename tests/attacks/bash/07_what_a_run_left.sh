# Read another run's data: leave something in every place that can be written, look whether another run finds it.
found=()
for dir in /work /tmp /dev/shm /var/tmp /run /dev /job; do
    [ -e "$dir/left-behind" ] && found+=("$dir")
    [ -e "$dir/.left-behind" ] && found+=("$dir")
    echo "$1" 2>/dev/null >"$dir/left-behind"
    echo "$1" 2>/dev/null >"$dir/.left-behind"
done 2>/dev/null
sleep 1.2
echo "OUTCOME: of another run found: [${found[*]}]"
