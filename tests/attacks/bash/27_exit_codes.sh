# Make the answer lie: codes beyond a byte and below zero.
(exit 256); a=$?
(exit -1); b=$?
echo "OUTCOME: 256 is $a, -1 is $b"
exit 511
