// Pipes generated order lines through transforms that parse, filter and sum.
'use strict';

const { Readable, Transform, Writable } = require('stream');
const { pipeline } = require('stream/promises');

const SEED = __SEED__;

function* chunks(seed) {
  let x = seed;
  let text = '';
  for (let i = 0; i < 60; i++) {
    x = (x * 48271) % 2147483647;
    text += `${i};${['web', 'shop', 'phone'][x % 3]};${(x >> 3) % 5000}\n`;
  }
  for (let i = 0; i < text.length; i += 37) yield text.slice(i, i + 37);
}

class Lines extends Transform {
  rest = '';
  constructor() { super({ readableObjectMode: true }); }
  _transform(chunk, _, done) {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop();
    for (const line of lines) this.push(line);
    done();
  }
}

const parse = new Transform({
  objectMode: true,
  transform(line, _, done) {
    const [id, channel, cents] = line.split(';');
    done(null, { id: Number(id), channel, cents: Number(cents) });
  },
});

const sums = new Map();
const collect = new Writable({
  objectMode: true,
  write({ channel, cents }, _, done) {
    const { n, total } = sums.get(channel) ?? { n: 0, total: 0 };
    sums.set(channel, { n: n + 1, total: total + cents });
    done();
  },
});

pipeline(Readable.from(chunks(SEED)), new Lines(), parse, collect).then(() => {
  for (const [channel, { n, total }] of [...sums].sort()) console.log(`${channel.padEnd(6)} ${n} orders ${(total / 100).toFixed(2)}`);
});
