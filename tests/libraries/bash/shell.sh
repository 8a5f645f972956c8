# The shell itself: jobs, traps, arrays, substitutions, here documents, time limits, pipes and coprocesses.
set -uo pipefail
declare -A sold=([a]=3 [b]=5)
total=0
for shop in "${!sold[@]}"; do ((total += sold[$shop])); done
[[ $total == 8 ]] || exit 1
for n in 1 2 3; do (sleep 0.05; echo "$n" >"done.$n") & done
wait
[[ $(cat done.* | paste -sd,) == 1,2,3 ]] || exit 2
timeout 0.2 sleep 30
[[ $? == 124 ]] || exit 3
trap 'caught=yes' USR1
kill -USR1 $$
[[ ${caught-} == yes ]] || exit 4
coproc upper { while read -r line; do echo "${line^^}"; done; }
echo hello >&"${upper[1]}"
read -r answer <&"${upper[0]}"
[[ $answer == HELLO ]] || exit 5
mkfifo pipe
(echo through >pipe) &
[[ $(<pipe) == through ]] || exit 6
diff <(seq 3) <(printf '1\n2\n3\n') || exit 7
false | true
[[ $? == 1 ]] || exit 8
text=$(cat <<<"one ${sold[a]} ${total:+two}")
[[ $text == 'one 3 two' && ${text//[aeiou]/-} == '-n- 3 tw-' ]] || exit 9
mapfile -t lines < <(seq 5)
[[ ${#lines[@]} == 5 && ${lines[-1]} == 5 ]] || exit 10
[[ $(nproc) -ge 1 && $(id -u) -gt 0 && $(uname -s) == Linux && $HOME == "$PWD" ]] || exit 11
echo ok
