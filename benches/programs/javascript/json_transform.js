// Reshapes nested JSON of departments into a flat list with sums per grade.
'use strict';

const assert = require('assert');

const SEED = __SEED__;

function build(seed) {
  let x = seed;
  const next = (n) => (x = (x * 48271) % 2147483647) % n;
  return JSON.stringify({
    company: 'Example Works',
    departments: ['Sales', 'Support', 'Build'].map((name) => ({
      name,
      people: Array.from({ length: 3 + next(4) }, (_, i) => ({
        name: `${name[0]}${i + 1}`,
        grade: 'ABC'[next(3)],
        salary: 2400 + next(30) * 100,
        skills: ['sql', 'excel', 'python', 'welding'].filter(() => next(2) === 1),
      })),
    })),
  });
}

const data = JSON.parse(build(SEED));
const people = data.departments.flatMap(({ name: department, people }) => people.map((p) => ({ department, ...p })));
const byGrade = people.reduce((groups, p) => {
  (groups[p.grade] ||= []).push(p);
  return groups;
}, {});

for (const grade of Object.keys(byGrade).sort()) {
  const total = byGrade[grade].reduce((sum, p) => sum + p.salary, 0);
  console.log(`grade ${grade}: ${byGrade[grade].length} people, mean ${(total / byGrade[grade].length).toFixed(0)}`);
}
const skills = new Map();
for (const { skills: own } of people) for (const s of own) skills.set(s, (skills.get(s) ?? 0) + 1);
console.log(JSON.stringify(Object.fromEntries([...skills].sort())));
const [top] = [...people].sort((a, b) => b.salary - a.salary || a.name.localeCompare(b.name));
console.log(`best paid: ${top.name} of ${top.department}, ${top.salary}`);
assert.deepStrictEqual(JSON.parse(JSON.stringify(data)), data);
console.log('round trip: same');
