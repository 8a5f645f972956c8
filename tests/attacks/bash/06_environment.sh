# Read another run's data: the environment the server was started with, tokens and paths of the host.
leaked=$(env; tr '\0' '\n' </proc/self/environ)
count=$(grep -ciE 'RINGFENCE|TOKEN|SECRET|API_KEY|SUDO|SSH|/root|/home' <<<"$leaked")
names=$(env | cut -d= -f1 | sort | tr '\n' ' ')
echo "OUTCOME: suspicious lines: $count variables: $names"
