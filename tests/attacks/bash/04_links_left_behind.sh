# Read a host file: links for the collector to follow, to files, to directories, through /proc, and hard ones.
ln -s /etc/shadow shadow.txt
ln -s / everything
ln -s /proc/1/environ environ.txt
mkdir folder && ln -s ../../../../etc/hostname folder/hostname
hard=0
for file in /etc/passwd /usr/bin/bash /proc/self/environ; do ln "$file" "hard$hard" 2>/dev/null && hard=$((hard + 1)); done
echo honest >honest.txt
echo "OUTCOME: hard links to the runtime: $hard"
