# Reach a socket: what the network looks like, and the host's sockets by path.
devices=$(tail -n +3 /proc/self/net/dev | cut -d: -f1 | tr -d ' ' | tr '\n' ' ')
routes=$(tail -n +2 /proc/self/net/route | wc -l)
sockets=$(find / -type s 2>/dev/null | wc -l)
abstract=$(grep -c @ /proc/self/net/unix)
echo "OUTCOME: devices: $devices routes: $routes sockets: $sockets abstract: $abstract"
