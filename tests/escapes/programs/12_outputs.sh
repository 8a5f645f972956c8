# Why: files are collected by a process that may read more than the guest may.
# Must: only the plain file is returned; links and pipes are neither followed nor waited for.
# layers: outputs
echo honest >honest.txt
ln -s "$1" link.txt
ln -s "$(dirname "$1")" directory
echo twice >twice.txt
ln twice.txt again.txt
mkfifo pipe.txt
echo "CONTAINED outputs: the answer's files show it"
