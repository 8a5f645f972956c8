# Outlive the run: background processes keep both outputs open, so that a reader of the pipe would wait.
sleep 300 &
coproc sleep 300
exec {kept}> >(sleep 300)
echo "OUTCOME: three sleepers hold the outputs"
exit 0
