# Evaluates arithmetic expressions with a small recursive descent parser.
import re
from fractions import Fraction

SEED = __SEED__
TOKEN = re.compile(r"\s*(\d+|[-+*/()])")


class Parser:
    def __init__(self, text):
        self.tokens = TOKEN.findall(text)
        self.position = 0

    def peek(self):
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self):
        self.position += 1
        return self.tokens[self.position - 1]

    def expression(self):
        value = self.term()
        while self.peek() in ("+", "-"):
            value = value + self.term() if self.take() == "+" else value - self.term()
        return value

    def term(self):
        value = self.factor()
        while self.peek() in ("*", "/"):
            value = value * self.factor() if self.take() == "*" else value / self.factor()
        return value

    def factor(self):
        token = self.take()
        if token == "-":
            return -self.factor()
        if token == "(":
            value = self.expression()
            self.take()
            return value
        return Fraction(token)


state = SEED


def pick(limit):
    global state
    state = (state * 1664525 + 1013904223) % 2**32
    return (state >> 12) % limit


for _ in range(10):
    a, b, c, d = (pick(20) for _ in range(4))
    text = f"({a} {'+-*/'[pick(3)]} {b}) {'*/'[pick(2)]} -({c} - {d}) + {pick(9)}"
    try:
        print(f"{text} = {Parser(text).expression()}")
    except ZeroDivisionError:
        print(f"{text} divides by zero")
