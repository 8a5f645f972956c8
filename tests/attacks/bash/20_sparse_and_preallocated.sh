# Exceed a limit unnamed: files whose size is not what they take.
truncate -s 1G /work/sparse 2>/tmp/log && grown=1G || grown=refused
truncate -s 200M /work/sparse && part=200M
cp --sparse=always /work/sparse /work/copy
echo "OUTCOME: 1G: $grown, $part sparse: $(du -k /work/copy | cut -f1) KiB taken"
