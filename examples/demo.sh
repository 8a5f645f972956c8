#!/bin/sh
# The tour that `make demo` gives: what protects you, a real analysis, a conversation about a workbook.
set -eu
cd "$(dirname "$0")/.."
out=demo-output
mkdir -p "$out"

title() { printf '\n== %s\n' "$1"; }

# Asks, and remembers the conversation.
session=
ask() {
    printf '\n> %s\n' "$1"
    if ! "$PROGRAM" ask "$@" ${session:+--session "$session"} --out "$out" 2>"$out/told"; then
        cat "$out/told"
        exit 1
    fi
    cat "$out/told"
    session=$(sed -n 's/^ringfence: go on with --session //p' "$out/told")
}

title "What is in force on this machine"
"$PROGRAM" doctor

title "A real analysis in the jail: 178 wines, a model, a chart"
"$PROGRAM" run examples/wine.py --limit wallMs=60000 --limit cpuMs=60000 --limit memoryBytes=1G --out "$out"
ls -l "$out/wine.png"

title "The same jail for JavaScript and TypeScript"
for program in 'js:console.log("Node", process.versions.node, (1234.5).toLocaleString("de-DE"))' \
    'ts:enum Side { Left, Right }; const side: Side = Side.Right; console.log(Side[side], await 42)'; do
    case "$program" in js:*) language=javascript ;; *) language=typescript ;; esac
    if "$PROGRAM" runtimes list 2>/dev/null | grep -q '^javascript '; then
        printf '%s' "${program#*:}" | "$PROGRAM" run - --language "$language"
    else
        echo "skipped: $language takes Node 20.19 or later"
    fi
done

title "A question in plain words"
"$PROGRAM" ask "What is the NPV of an initial outlay of 1000, then 300, 400 and 500, at a discount rate of 5 percent?"

title "A conversation about a workbook, as a small business keeps it"
"$PROGRAM" run examples/workbook.py --out "$out"
ask "what is in this workbook?" --file "$out/invoices.xlsx"
ask "total amount by customer"
ask "now only for Germany"
ask "total amount by month as a chart"
ask "clean up the invoices: trim the text, remove duplicates and save a workbook"
rm "$out/told"
ls -l "$out"

title "Done. Charts and workbooks are in $out/. Start the server with:"
echo "make serve"
