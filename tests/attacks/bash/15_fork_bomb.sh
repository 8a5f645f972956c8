# Exceed a limit unnamed: the classic.
echo "OUTCOME: bomb"
bomb() { bomb | bomb & }
bomb 2>/dev/null
sleep 0.7
