# Kernel surface: the devices are the host's: change their times, modes, links.
changed=()
before=$(stat -c %Y /dev/null)
touch -m -d '2001-01-01' /dev/null 2>/dev/null
touch -c /dev/null 2>/dev/null && [ "$(stat -c %Y /dev/null)" != "$before" ] && changed+=(times)
chmod 600 /dev/null 2>/dev/null && changed+=(mode)
ln /dev/null /work/null 2>/dev/null && changed+=(link)
mv /dev/null /dev/nil 2>/dev/null && changed+=(name)
echo x >/dev/null && works=yes
echo "OUTCOME: changed: [${changed[*]}] usable: $works"
