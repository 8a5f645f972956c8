// Fills a text template with conditions and loops for several customers.
'use strict';

const SEED = __SEED__;

const template = `Dear {{name}},
{{#each items}}  - {{title}}: {{price}} EUR
{{/each}}{{#if overdue}}You are {{overdue}} days late.{{/if}} Sum: {{total}} EUR`;

const lookup = (data, key) => key.split('.').reduce((value, part) => value?.[part], data);

function render(text, data) {
  return text
    .replace(/\{\{#each (\w+)\}\}([\s\S]*?)\{\{\/each\}\}/g, (_, key, body) => lookup(data, key).map((item) => render(body, item)).join(''))
    .replace(/\{\{#if (\w+)\}\}([\s\S]*?)\{\{\/if\}\}/g, (_, key, body) => (lookup(data, key) ? render(body, data) : ''))
    .replace(/\{\{([\w.]+)\}\}/g, (_, key) => {
      const value = lookup(data, key);
      if (value === undefined) throw new ReferenceError(`no value for ${key}`);
      return String(value);
    });
}

let x = SEED;
const next = (n) => (x = (x * 48271) % 2147483647) % n;
for (const name of ['Ms Adler', 'Mr Bose', 'Dr Cole']) {
  const items = Array.from({ length: 1 + next(4) }, () => ({
    title: ['Paper', 'Toner', 'Stapler', 'Envelopes'][next(4)],
    price: (next(9000) / 100 + 1).toFixed(2),
  }));
  const total = items.reduce((sum, item) => sum + Number(item.price), 0).toFixed(2);
  console.log(render(template, { name, items, total, overdue: next(2) * next(40) }));
}
try {
  render('{{missing}}', {});
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
}
