# Reach a socket and host files through the tools the runtime brings: awk, sqlite3, sort, tar, find.
done=()
timeout 2 awk 'BEGIN { if (("/inet/tcp/0/127.0.0.1/22" |& getline x) > 0) exit 0; exit 1 }' 2>/dev/null && done+=(awk)
timeout 2 sqlite3 :memory: ".open /etc/shadow" "select * from sqlite_master" 2>/dev/null | grep -q . && done+=(sqlite-open)
timeout 2 sqlite3 :memory: "select writefile('/usr/bin/x','x') is not null and length(readfile('/usr/bin/x'))" 2>/dev/null | grep -q '^1$' && done+=(sqlite-write)
timeout 2 sqlite3 :memory: ".load /etc/passwd" >/dev/null 2>&1 && done+=(sqlite-load)
timeout 2 tar -cf /work/x.tar /etc/shadow /root >/dev/null 2>&1 && done+=(tar)
timeout 2 sort -T /usr -S 1k /usr/bin/bash -o /etc/x >/dev/null 2>&1 && done+=(sort)
rm -f /work/x.tar
echo "OUTCOME: tools that reached out: [${done[*]}]"
