# Outlive the run: nohup, setsid by a subshell, disown, all standard streams closed or kept.
(trap '' HUP TERM INT; nohup bash -c 'while :; do date >>/work/alive; sleep 0.05; done' >/dev/null 2>&1 &) &
(trap '' HUP; exec 3>&1 4>&2; while :; do sleep 0.1; done) &
disown -a
sleep 0.3
[ -s /work/alive ] && echo "OUTCOME: daemons are left"
exit 0
