# Why: what the shell does before the guest's first line is already the guest's doing.
# Must: at the first line, every restriction of the process itself is in force.
# layers: no_new_privs, seccomp, landlock, credentials, rlimits, user
report() { echo "$([[ $1 == 0 ]] && echo ESCAPED || echo CONTAINED) $2: $3"; }

declare -A status
while IFS=$':\t' read -r name value; do status[$name]=$value; done </proc/$$/status
[[ ${status[NoNewPrivs]} != 1 ]]; report $? no_new_privs "${status[NoNewPrivs]}"
[[ ${status[Seccomp]} != 2 ]]; report $? seccomp "${status[Seccomp]}"
[[ $UID == 0 ]]; report $? uid "$UID"
sets="${status[CapInh]} ${status[CapPrm]} ${status[CapEff]} ${status[CapBnd]} ${status[CapAmb]}"
[[ $sets == *[1-9a-f]* ]]; report $? capabilities "$sets"
# A file of our own outside the scratch: only Landlock refuses it.
{ echo mine >/proc/$$/comm; } 2>/dev/null; report $? landlock "writing to /proc/$$/comm"
[[ $(ulimit -Hf) == unlimited ]]; report $? rlimits "$(ulimit -Hf)"
