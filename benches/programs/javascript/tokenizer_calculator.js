// Turns infix expressions into reverse Polish notation and computes them.
'use strict';

const SEED = __SEED__;
const operators = {
  '+': { rank: 1, run: (a, b) => a + b },
  '-': { rank: 1, run: (a, b) => a - b },
  '*': { rank: 2, run: (a, b) => a * b },
  '/': { rank: 2, run: (a, b) => { if (b === 0) throw new RangeError('division by zero'); return a / b; } },
};

function toRpn(text) {
  const output = [];
  const stack = [];
  for (const token of text.match(/\d+|[-+*/()]/g)) {
    if (/\d/.test(token)) output.push(Number(token));
    else if (token === '(') stack.push(token);
    else if (token === ')') {
      while (stack.at(-1) !== '(') output.push(stack.pop());
      stack.pop();
    } else {
      while (operators[stack.at(-1)]?.rank >= operators[token].rank) output.push(stack.pop());
      stack.push(token);
    }
  }
  return output.concat(stack.reverse());
}

function evaluate(rpn) {
  const stack = [];
  for (const token of rpn) {
    if (typeof token === 'number') stack.push(token);
    else {
      const b = stack.pop();
      stack.push(operators[token].run(stack.pop(), b));
    }
  }
  return stack[0];
}

let x = SEED;
const pick = (n) => (x = (x * 16807) % 2147483647) % n;
for (let i = 0; i < 10; i++) {
  const text = `${pick(90)} ${'+-*/'[pick(4)]} (${pick(20)} ${'+-*'[pick(3)]} ${pick(20)}) ${'+-'[pick(2)]} ${pick(9)} * ${pick(9)}`;
  try {
    const rpn = toRpn(text);
    console.log(`${text} = ${+evaluate(rpn).toFixed(4)}   [${rpn.join(' ')}]`);
  } catch (error) {
    console.log(`${text}: ${error.name}, ${error.message}`);
  }
}
