# Reach a socket: bash opens TCP and UDP by itself.
reached=()
for target in tcp/127.0.0.1/22 tcp/1.1.1.1/53 udp/1.1.1.1/53 tcp/169.254.169.254/80 udp/255.255.255.255/9 tcp/::1/80 tcp/localhost/8080; do
    { timeout 2 bash -c "exec 3<>/dev/$target"; } 2>/dev/null && reached+=("$target")
done
echo "OUTCOME: reached: [${reached[*]}]"
