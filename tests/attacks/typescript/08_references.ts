// Read a host file: references, assertions, declarations and imports for types only, to paths of the host.
/// <reference path="/etc/shadow" />
/// <reference types="../../../../etc/shadow" />
/// <reference lib="/proc/1/environ" />
import type { Secret } from '/etc/shadow';
import type { Other } from '/proc/1/environ';
declare module '/etc/shadow' {
  export type Secret = string;
}
type Far = import('/root/.ssh/id_rsa').Key;

const secret: Secret | Other | Far | undefined = undefined;
const ways: (() => unknown)[] = [
  () => require('/etc/shadow'),
  () => require('/proc/1/environ'),
  () => require('../etc/shadow'),
];
const said = ways.map((way) => {
  try {
    return `read ${way()}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
});
console.log(`OUTCOME: ${secret}, ${said}`);
namespace NodeJS {
  export type ErrnoException = Error & { code?: string };
}
