# Exceed a limit unnamed: endless output by a process that ignores the closed pipe.
echo "OUTCOME: flood"
timeout 0.5 yes "$(printf 'x%.0s' {1..1000})"
timeout 0.5 yes 1>&2
exit 3
