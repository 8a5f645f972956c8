# Kernel surface: a crash writes a file.
ulimit -c unlimited 2>/dev/null && raised=yes || raised=no
bash -c 'kill -SEGV $$' 2>/dev/null
echo "OUTCOME: raised $raised, left: $(ls /work | wc -l) files"
