# Read another run's data: read from and write to every descriptor number the shell can name.
open=()
for fd in $(seq 3 1023); do
    if { true <&"$fd"; } 2>/dev/null || { true >&"$fd"; } 2>/dev/null; then
        target=$(readlink /proc/$$/fd/"$fd")
        case $target in /job/* | "") ;; *) open+=("$fd=$target") ;; esac
    fi
done
echo "OUTCOME: descriptors of others: [${open[*]}]"
