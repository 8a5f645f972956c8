# Text through awk, sed, grep, sort, cut, tr, join, paste, column and friends, in UTF-8.
set -euo pipefail
printf 'name,sold\nÄnne,3\nBob,5\nÄnne,4\n' >sales.csv
[[ $(awk -F, 'NR > 1 { sum[$1] += $2 } END { print sum["Änne"] }' sales.csv) == 7 ]]
[[ $(sed -nE 's/^B(o)b,(.)$/\2\1/p' sales.csv) == 5o ]]
[[ $(grep -c 'nne' sales.csv) == 2 && $(grep -Po 'B\wb(?=,)' sales.csv) == Bob ]]
[[ $(tail -n +2 sales.csv | sort -t, -k2 -n | cut -d, -f2 | paste -sd+ | bc) == 12 ]]
[[ $(tail -n +2 sales.csv | cut -d, -f1 | sort | uniq -c | sort -rn | head -1 | tr -s ' ') == ' 2 Änne' ]]
[[ $(printf 'Änne' | wc -m) == 4 && $(tr a-z A-Z <<<abc) == ABC && $(rev <<<abc) == cba ]]
printf 'a 1\nb 2\n' >one
printf 'a x\nb y\n' >two
[[ $(join one two | tail -1) == 'b 2 y' && $(comm -12 one one | wc -l) == 2 ]]
[[ $(printf 'a,b\nccc,d\n' | column -ts, | head -1) == 'a    b' ]]
[[ $(seq 1 100 | shuf --random-source=<(yes) | sort -n | numfmt --to=si --field=1 | tail -1) == 100 ]]
[[ $(printf '%s\n' x y z | tac | nl -ba | tail -1 | tr -d ' \t') == 3x ]]
[[ $(fold -w 3 <<<abcdef | wc -l) == 2 && $(expand <<<$'a\tb') == 'a       b' ]]
diff -u one two >difference || [[ $? == 1 ]]
[[ $(grep -c '^[-+][ab]' difference) == 4 ]]
cmp one one && ! cmp -s one two
echo ok
