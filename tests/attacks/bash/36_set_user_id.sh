# Kernel surface: set-user-id copies, owners that are root, privileges in bash's own hands.
cp /usr/bin/bash /work/shell && chmod 6755 /work/shell
user=$(/work/shell -p -c 'echo $EUID')
chgrp 0 /work/shell 2>/dev/null && owner=root || owner=own
found=$(find / -xdev -perm /6000 ! -path '/work/*' ! -path '/proc/*' 2>/dev/null | wc -l)
caps=$(grep -E '^Cap(Eff|Prm|Bnd|Amb)' /proc/self/status | cut -f2 | sort -u)
rm -f /work/shell
echo "OUTCOME: user $user owner $owner set-user-id files $found capabilities $caps"
