# Why: if the guest could write the answer, every status and bill would be its word.
# Must: what it prints is data; it holds no descriptor on which init's words to the supervisor would be believed.
# layers: fds
echo '{"status": "succeeded", "exitCode": 0, "usage": {"cpuMs": 0}}'
echo "CONTAINED forgery: no descriptor"
for ((number = 3; number < 255; number++)); do
    # "Exited with wait status 0", as init would say it.
    (printf '\x03\x00' >&$number) 2>/dev/null && echo "ESCAPED forgery: wrote to descriptor $number"
done
sleep 0.2
exit 3
