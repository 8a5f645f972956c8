// Computes mean, median, deviation and correlation of two columns.
'use strict';

const SEED = __SEED__;

class Random {
  #state;
  constructor(seed) {
    this.#state = BigInt(seed);
  }
  next() {
    this.#state = (this.#state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number(this.#state >> 33n) / 2 ** 31;
  }
}

const sum = (xs) => xs.reduce((a, b) => a + b, 0);
const mean = (xs) => sum(xs) / xs.length;
const median = (xs) => {
  const s = [...xs].sort((a, b) => a - b);
  const m = s.length >> 1;
  return s.length % 2 ? s[m] : (s[m - 1] + s[m]) / 2;
};
const deviation = (xs) => Math.sqrt(sum(xs.map((x) => (x - mean(xs)) ** 2)) / (xs.length - 1));
function correlation(xs, ys) {
  const mx = mean(xs);
  const my = mean(ys);
  const covariance = sum(xs.map((x, i) => (x - mx) * (ys[i] - my))) / (xs.length - 1);
  return covariance / deviation(xs) / deviation(ys);
}

const random = new Random(SEED);
const advert = Array.from({ length: 100 }, () => 100 + 400 * random.next());
const sales = advert.map((a) => 3 * a + 600 * random.next());
for (const [name, xs] of Object.entries({ advert, sales })) {
  console.log(`${name}: mean ${mean(xs).toFixed(2)} median ${median(xs).toFixed(2)} deviation ${deviation(xs).toFixed(2)}`);
}
console.log(`correlation ${correlation(advert, sales).toFixed(4)}`);
