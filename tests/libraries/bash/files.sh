# Files, directories, links, archives, searching and splitting.
set -euo pipefail
mkdir -p tree/{a,b}/c
for n in {1..20}; do printf '%s\n' "$n" >"tree/a/c/file $n.txt"; done
[[ $(find tree -name '*.txt' -print0 | xargs -0 cat | sort -n | tail -1) == 20 ]]
[[ $(find tree -type f -exec wc -c {} + | tail -1 | awk '{ print $1 }') == 51 ]]
cp -r tree copy
mv copy/a/c/'file 1.txt' copy/b
ln -s ../b copy/a/link
[[ $(readlink copy/a/link) == ../b && $(realpath copy/a/link) == "$PWD/copy/b" ]]
chmod 600 copy/b/*.txt
[[ $(stat -c %a copy/b/*.txt) == 600 && $(du -s --apparent-size -B1 copy/b | cut -f1) -gt 0 ]]
for pack in gzip bzip2 xz; do
    tar -c --use-compress-program="$pack" -f "tree.$pack" tree
    [[ $(tar -t --use-compress-program="$pack" -f "tree.$pack" | wc -l) == 25 ]]
done
gzip -k sales 2>/dev/null || true
seq 1000 | split -l 100 - part.
[[ $(cat part.* | wc -l) == 1000 && $(ls part.* | wc -l) == 10 ]]
dd if=/dev/zero of=zeros bs=1k count=10 status=none
truncate -s 5 zeros
[[ $(stat -c %s zeros) == 5 ]]
touch -d 2020-01-01 zeros
[[ $(date -r zeros +%Y) == 2020 && -f $(mktemp) && -d $(mktemp -d) ]]
df . >/dev/null
rm -r copy tree part.*
echo ok
