# Why: a service of the host, the local network or the internet must not be within reach.
# Must: no connection, by the shell's own means, and no interface.
# layers: network, seccomp, landlock
report() { echo "$([[ $1 == 0 ]] && echo ESCAPED || echo CONTAINED) $2: $3"; }

(exec 3<>/dev/tcp/127.0.0.1/"$2") 2>/dev/null; report $? tcp "connecting to a service of the host"
(exec 3<>/dev/udp/127.0.0.1/53) 2>/dev/null; report $? udp "making a datagram socket"
names=$(sed -n 's/^ *\([^: ]*\):.*/\1/p' /proc/$$/net/dev | tr '\n' ' ')
[[ $names != "lo " ]]; report $? interfaces "$names"
