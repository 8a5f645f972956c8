# Exceed a limit unnamed: descriptors until the shell can open no more.
opened=0
while { exec {fd}</dev/null; } 2>/dev/null; do opened=$((opened + 1)); done
echo "OUTCOME: opened fewer than the limit: $((opened < 256))"
