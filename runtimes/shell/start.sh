# Read by a Bash that is started ahead of its program: waits until that is in its place and may begin. What is
# said on descriptor 3: a NUL once this is ready; what is told there: a newline.
printf '\0' >&3
read -r -u 3 || exit 1
exec 3>&-
unset REPLY BASH_ENV
SECONDS=0
