// Make the answer lie: codes that are no numbers, that change while they are read, and an error during the exit.
const code = { valueOf: (): number => 0, toString: (): string => '0' };
const set = (value: unknown): void => {
  try {
    process.exitCode = value as number;
  } catch {}
};
[code, '0', NaN, 1e9, -0.5, null, undefined, 4294967296].forEach(set);
process.on('exit', (): never => {
  console.log('OUTCOME: an error while exiting');
  throw new Error('during the exit');
});
