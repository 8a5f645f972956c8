#!/bin/bash
# Encrypts text with a Caesar and a Vigenere cipher, decrypts it and guesses a shift.
set -euo pipefail

SEED=__SEED__
alphabet=abcdefghijklmnopqrstuvwxyz
text="the order was sent late but the customer paid the reminder fee anyway"

caesar() {
    local shift=$((($1 % 26 + 26) % 26))
    tr "$alphabet" "${alphabet:shift}${alphabet:0:shift}"
}

# vigenere TEXT KEY SIGN, into REPLY
vigenere() {
    local i k=0 letter before key
    REPLY=""
    for ((i = 0; i < ${#1}; i++)); do
        letter=${1:i:1}
        if [[ $letter == [a-z] ]]; then
            before=${alphabet%%"$letter"*}
            key=${alphabet%%"${2:k % ${#2}:1}"*}
            k=$((k + 1))
            letter=${alphabet:(${#before} + $3 * ${#key} + 26) % 26:1}
        fi
        REPLY+=$letter
    done
}

shift=$((SEED * 7 % 25 + 1))
secret=$(caesar $shift <<<"$text")
echo "caesar $shift: $secret"
echo "decrypted: $(caesar -$shift <<<"$secret")"

common=$(tr -d ' \n' <<<"$secret" | fold -w1 | sort | uniq -c | sort -k1,1nr -k2 | awk 'NR == 1 { print $2 }')
before=${alphabet%%"$common"*}
echo "most frequent is $common, so the shift may be $(((${#before} - 4 + 26) % 26))"

key=${alphabet:SEED:1}${alphabet:SEED * 3 % 26:1}${alphabet:SEED * 5 % 26:1}
vigenere "$text" "$key" 1
echo "vigenere $key: $REPLY"
vigenere "$REPLY" "$key" -1
[ "$REPLY" = "$text" ] && echo "decrypted again"
