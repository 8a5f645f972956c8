# Exceed a limit unnamed: files without content.
made=0
while { : >"/tmp/$made"; } 2>/dev/null; do made=$((made + 1)); done
rm -f /tmp/1 && echo x 2>/dev/null >/tmp/again && again=yes
echo "OUTCOME: made $made, one more after removing one: $again"
