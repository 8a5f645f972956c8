# Makes a text from a word list, then counts words, bigrams and the longest sentences.
import re
import textwrap
from collections import Counter
from itertools import pairwise

SEED = __SEED__
WORDS = ("the order was late but a customer paid our invoice after two weeks and we sent "
         "one reminder about new stock while the printer broke again").split()


def make_text(seed, sentences=14):
    x, result = seed, []
    for _ in range(sentences):
        x = (x * 22695477 + 1) % 2**32
        words = []
        for _ in range(5 + (x >> 16) % 8):
            x = (x * 22695477 + 1) % 2**32
            words.append(WORDS[(x >> 16) % len(WORDS)])
        result.append(" ".join(words).capitalize() + ".")
    return " ".join(result)


text = make_text(SEED)
words = re.findall(r"[a-z]+", text.lower())
print(textwrap.shorten(text, 70, placeholder=" ..."))
print(f"{len(words)} words, {len(set(words))} different, mean length {sum(map(len, words)) / len(words):.2f}")
for word, count in sorted(Counter(words).items(), key=lambda w: (-w[1], w[0]))[:6]:
    print(f"  {word:<10}{count:>3}")
(first, second), count = min(Counter(pairwise(words)).items(), key=lambda p: (-p[1], p[0]))
print(f"Most frequent pair: {first} {second} ({count})")
longest = max(re.split(r"(?<=\.)\s+", text), key=len)
print(textwrap.fill(longest, 60, initial_indent="> ", subsequent_indent="  "))
