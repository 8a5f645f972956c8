# Exceed a limit unnamed: a string that doubles.
echo "OUTCOME: doubling"
text=xxxxxxxxxxxxxxxx
while :; do text=$text$text; done
