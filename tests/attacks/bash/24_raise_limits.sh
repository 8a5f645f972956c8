# Exceed a limit unnamed: raise what the kernel keeps for each process.
raised=()
for name in c d e f i l m n q r s t u v x; do
    before=$(ulimit -H -"$name")
    [ "$before" = unlimited ] && continue
    ulimit -H -"$name" unlimited 2>/dev/null && raised+=("$name")
    ulimit -S -"$name" $((before + 1)) 2>/dev/null && raised+=("$name")
done
echo "OUTCOME: raised: [${raised[*]}]"
