# Make the answer lie: output that is not UTF-8, NUL bytes, overlong and surrogate encodings.
echo 'OUTCOME: bytes that are no text' >&2
printf 'bytes \xff\xfe\x00\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80 end\n'
