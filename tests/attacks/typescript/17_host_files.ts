// Read a host file: by streams, handles, directories and copies that are made by promises, all at once.
import * as fs from 'node:fs/promises';
import { createReadStream } from 'node:fs';

const PATHS = ['/etc/shadow', '/etc/hostname', '/etc/machine-id', '/root', '/home', '/var', '/run', '/sys', '/boot', '/proc/1/environ',
  '/proc/1/root/etc/shadow', '/proc/cpuinfo', '/proc/kallsyms', '/dev/mem', '/dev/vda', '/dev/kvm', '/usr/share', '/work/../../etc/shadow'] as const;
const ways: ((path: string) => Promise<unknown>)[] = [
  (path) => fs.readFile(path),
  (path) => fs.open(path, 'r').then((handle) => handle.close()),
  (path) => fs.opendir(path).then((directory) => directory.close()),
  (path) => fs.cp(path, '/tmp/copy', { recursive: true }),
  (path) => fs.realpath(path),
  (path) => new Promise((resolve, reject) => createReadStream(path).on('data', resolve).on('error', reject).on('end', resolve)),
];
const results = await Promise.allSettled(PATHS.flatMap((path) => ways.map(async (way) => (await way(path), path))));
const found = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
console.log(`OUTCOME: ${found.length} of ${results.length} attempts found something [${[...new Set(found)]}]`);
