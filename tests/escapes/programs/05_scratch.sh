# Why: a scratch without a bound would take the host's memory and inodes.
# Must: with 1 MiB and 64 inodes allowed, neither 2 MiB nor 100 files fit in all its directories together.
# layers: scratch
report() { echo "$([[ $1 == 0 ]] && echo ESCAPED || echo CONTAINED) $2: $3"; }

{ head -c 700K /dev/zero >/work/a && head -c 700K /dev/zero >/tmp/b && head -c 648K /dev/zero >/dev/shm/c; } 2>/dev/null
report $? bytes "2 MiB in three directories"
rm -f /work/a /tmp/b /dev/shm/c
mkdir -p /work/{1..40} /tmp/{1..30} /dev/shm/{1..30} 2>/dev/null; report $? inodes "100 directories"
