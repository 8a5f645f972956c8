// Read a host file: what Node tells of the machine without a file: names, addresses, users, processors.
'use strict';
const os = require('node:os');

const facts = { host: os.hostname(), home: os.homedir(), user: os.userInfo().username, models: new Set(os.cpus().map(({ model }) => model)) };
let addresses;
try {
  addresses = JSON.stringify(os.networkInterfaces());
} catch (error) {
  addresses = error.code;
}
const memory = os.totalmem() > 0 && os.loadavg().length === 3 && os.uptime() > 0;
console.log(`OUTCOME: ${facts.host} ${facts.home} ${[...facts.models]} ${addresses}; kernel, memory, load and uptime told: ${memory}`);
