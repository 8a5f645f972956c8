#!/bin/sh
# Runs a program and shows what it prints while it prints it.
#   RINGFENCE_KEY=rf_live_… sh stream.sh [program.py]
set -eu
url=${RINGFENCE_URL:-http://127.0.0.1:8787}
code=$(cat "${1:--}")

# jq writes the request, so that no quote of the program can break out of it.
jq -n --arg code "$code" '{language: "python", code: $code}' |
    curl -sS -N "$url/v1/execute" -H "authorization: Bearer $RINGFENCE_KEY" -H 'content-type: application/json' \
        -H 'accept: text/event-stream' --data-binary @- |
    {
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in
            event:*) event=${line#event: } ;;
            data:*)
                data=${line#data: }
                case ${event:-error} in
                exec.stdout) printf '%s' "$data" | jq -j .content ;;
                exec.stderr) printf '%s' "$data" | jq -j .content >&2 ;;
                exec.completed) exit "$(printf '%s' "$data" | jq .exitCode)" ;;
                error) printf '%s\n' "$data" | jq -r .detail >&2; exit 1 ;;
                esac ;;
            # No event at all: the request was refused with a problem.
            '{'*) printf '%s\n' "$line" | jq -r .detail >&2; exit 1 ;;
            esac
        done
        echo "the stream broke off" >&2
        exit 1
    }
