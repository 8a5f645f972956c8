// Abuse the loader: an honest program whose input files have names that Node might take for the program or its settings.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const inputs = fs.readdirSync(__dirname).sort();
const itself = require.main === module && __filename === path.join('/work', path.basename(__filename));
console.log(`OUTCOME: the program runs beside ${inputs}, as itself: ${itself}`);
