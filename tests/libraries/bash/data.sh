# JSON by jq, SQL by sqlite3, checksums, encodings, dates and arithmetic.
set -euo pipefail
printf '[{"shop":"a","sold":3},{"shop":"b","sold":5}]' >sales.json
[[ $(jq 'map(.sold) | add' sales.json) == 8 && $(jq -r '.[] | select(.sold > 4).shop' sales.json) == b ]]
[[ $(jq -n --arg now 2024-02-29T00:00:00Z '$now | fromdate') == 1709164800 ]]
printf 'shop,sold\na,3\nb,5\na,4\n' >sales.csv
sum=$(sqlite3 house.db '.import --csv sales.csv sales' 'SELECT shop || "=" || sum(sold) FROM sales GROUP BY shop ORDER BY shop LIMIT 1')
[[ $sum == a=7 ]]
[[ $(sqlite3 :memory: "SELECT json_extract('{\"a\":[1,2]}', '\$.a[1]'), sqrt(16)") == '2|4.0' ]]
[[ $(printf abc | sha256sum | cut -c1-8) == ba7816bf && $(printf abc | md5sum | cut -c1-8) == 90015098 ]]
[[ $(printf abc | base64) == YWJj && $(base64 -d <<<YWJj) == abc && $(printf '\x00\xff' | od -An -tx1) == ' 00 ff' ]]
[[ $(date -u -d '2024-02-28 +1 day' +%F) == 2024-02-29 && $(TZ=Asia/Kathmandu date -d @0 +%R) == 05:30 ]]
[[ $((2 ** 40)) == 1099511627776 && $(bc -l <<<'scale=5; 1/3') == .33333 && $(factor 91) == '91: 7 13' ]]
[[ $(locale charmap) == UTF-8 ]]
echo ok
