// Make the answer lie: declare and merge over what the loader offers to programs, and end by an error it explains.
declare global {
  interface Array<T> { evil(): T }
  namespace NodeJS { interface Process { evil: true } }
}
Array.prototype.evil = function <T>(this: T[]): T { return this[0]!; };
Object.assign(SyntaxError.prototype, { name: 'Succeeded' });
Object.defineProperty(Object.prototype, 'startLine', { value: -5, configurable: true });
Object.defineProperty(Object.prototype, 'code', { value: 'UnsupportedSyntax', configurable: true });
process.on('exit', (code) => console.log(`OUTCOME: ends with ${code}`));
require('node:fs').writeFileSync('/tmp/wrong.ts', 'let x: = 1');
require('/tmp/wrong.ts');
export {};
