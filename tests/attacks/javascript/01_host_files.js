// Read a host file: every way that Node has to name, list, copy and load a file, on paths every host has.
'use strict';
const fs = require('node:fs');
const { pathToFileURL } = require('node:url');

const PATHS = `/etc/shadow /etc/hostname /etc/machine-id /root /home /var /run /boot /sys/kernel /proc/cpuinfo
  /proc/meminfo /proc/kallsyms /proc/kcore /proc/sys/kernel/hostname /dev/mem /dev/kmsg /dev/sda /dev/vda /dev/tty
  /dev/kvm /usr/lib/node_modules /usr/share /usr/bin/npm /tmp/../root /etc/ssl`.split(/\s+/);
const ways = {
  stat: (path) => fs.statSync(path),
  url: (path) => fs.accessSync(pathToFileURL(path)),
  bytes: (path) => fs.lstatSync(Buffer.from(path)),
  list: (path) => fs.readdirSync(path),
  copy: (path) => fs.cpSync(path, '/tmp/copy', { recursive: true, dereference: true }),
  load: (path) => require(path),
  binding: (path) => process.binding('fs').internalModuleStat(path) >= 0 || fs.accessSync(path),
};
const found = PATHS.filter((path) =>
  Object.values(ways).some((way) => {
    try {
      way(path);
      return true;
    } catch {
      return false;
    }
  }),
);
console.log(`OUTCOME: ${found.length} of ${PATHS.length} host paths found [${found}]`);
