// Abuse the compiler: what it does not know: elements, decorators with effects, accessors, modules and hints of other tools.
import * as fs from 'node:fs';

const texts: Record<string, string> = {
  element: 'let x = <div onClick={() => process.exit(0)}>{x}</div>;',
  decorator: '@(() => process.exit(0)) class A { @(process.exit(0)) x = 1 }',
  pragma: '/** @jsx process.exit */ /** @jsxImportSource /etc/shadow */ let x = <a/>;',
  hint: '// @ts-nocheck\n// @swc-plugin /etc/shadow\nlet x: = 1;',
  module: 'module A { process.exit(0) ',
  assert: 'import x from "/etc/shadow" with { type: "json" }; x;',
  global: 'declare global { var x: number } process.exit(; ',
  hash: '#!/usr/bin/sh\n#!/usr/bin/sh\nlet x: number = 1;',
};
const said: string[] = [];
for (const [name, text] of Object.entries(texts)) {
  fs.writeFileSync(`/tmp/${name}.ts`, text);
  try {
    require(`/tmp/${name}.ts`);
    said.push(`${name} ran`);
  } catch (error) {
    said.push((error as Error).constructor.name);
  }
}
console.log(`OUTCOME: ${said.length} of ${Object.keys(texts).length}: ${[...new Set(said)]}`);
