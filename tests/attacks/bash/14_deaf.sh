# Outlive the run: ignore every signal that can be ignored, and start anew when asked to go.
for signal in $(seq 1 64); do trap '' "$signal" 2>/dev/null; done
trap 'exec "$BASH" "$0"' EXIT
echo "OUTCOME: deaf"
while :; do :; done
