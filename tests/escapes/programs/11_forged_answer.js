// Why: if the guest could write the answer, every status and bill would be its word.
// Must: what it prints is data; it holds no descriptor on which init's words to the supervisor would be believed.
// layers: fds
'use strict';
const fs = require('node:fs');

console.log('{"status": "succeeded", "exitCode": 0, "usage": {"cpuMs": 0}}');
console.log('CONTAINED forgery: no descriptor');
for (const number of fs.readdirSync('/proc/self/fd').map(Number)) {
  try {
    if (fs.readlinkSync(`/proc/self/fd/${number}`).startsWith('socket:')) {
      // "Exited with wait status 0", as init would say it.
      fs.writeSync(number, Buffer.from([3, 0]));
      console.log(`ESCAPED forgery: wrote to descriptor ${number}`);
    }
  } catch {
    // Not a descriptor any more, or not one to write to.
  }
}
setTimeout(() => process.exit(3), 200);
