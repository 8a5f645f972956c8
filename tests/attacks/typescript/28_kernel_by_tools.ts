// Kernel surface: what the few programs of the runtime would do for root: devices, times, owners, hosts, priorities.
import { spawnSync } from 'node:child_process';
import * as os from 'node:os';

const COMMANDS: readonly string[] = ['date -s 2000-01-01', 'chmod 777 /usr/bin/node', 'cp /usr/bin/sh /usr/bin/x', 'touch /etc/x', 'mv /job /job2',
  'rm -rf /usr/lib/ringfence', 'mkdir /new', 'cat /proc/1/environ', 'ls /proc/1/fd', 'cat /dev/mem', 'tee /proc/sys/kernel/core_pattern',
  'tee /sys/fs/cgroup/memory/memory.limit_in_bytes', 'stat /proc/1/root/etc', 'tail -c1 /dev/kmsg'];
const worked = COMMANDS.filter((command) => spawnSync('/usr/bin/sh', ['-c', command], { input: 'x', timeout: 2000 }).status === 0);
let priority = 'raised';
try {
  os.setPriority(0, -20);
} catch (error) {
  priority = (error as { code: string }).code;
}
console.log(`OUTCOME: worked: [${worked}], priority: ${priority}`);
