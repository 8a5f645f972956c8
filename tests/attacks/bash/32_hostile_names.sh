# Make the answer lie: names with line ends, options, dots, bytes that are not text.
cd /work
printf x >$'line\nend'
printf x >$'\xff\xfe'
printf x >'-rf'
printf x >'...'
printf x >$'\e[2Jescape'
mkdir 'a b' && printf x >'a b/.hidden'
mkdir '..x' && printf x >'..x/..'y
echo "OUTCOME: $(find . -type f | wc -l) files by lines"
