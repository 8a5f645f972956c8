// Combines bit flags in an enum into roles and checks who may do what.
enum Permission {
  None = 0,
  Read = 1 << 0,
  Write = 1 << 1,
  Delete = 1 << 2,
  Share = 1 << 3,
  All = Read | Write | Delete | Share,
}

interface User {
  name: string;
  permissions: Permission;
}

const single = [Permission.Read, Permission.Write, Permission.Delete, Permission.Share] as const;
type Single = (typeof single)[number];

const has = (user: User, wanted: Permission): boolean => (user.permissions & wanted) === wanted;
const grant = (user: User, more: Permission): User => ({ ...user, permissions: user.permissions | more });
const revoke = (user: User, less: Permission): User => ({ ...user, permissions: user.permissions & ~less });

function describe(permissions: Permission): string {
  if (permissions === Permission.None || permissions === Permission.All) return Permission[permissions];
  return single.filter((p) => permissions & p).map((p) => Permission[p]).join("+");
}

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 16807) % 2147483647) % n;
const log: string[] = [];
let users: User[] = ["ann", "bob", "cem", "dot", "eli", "fay"].map((name) => ({ name, permissions: next(16) }));

for (let i = 0; i < 12; i++) {
  const who = next(users.length);
  const which: Single = single[next(single.length)];
  const change = next(2) === 0 ? grant : revoke;
  const before = users[who].permissions;
  users = users.map((user, index) => (index === who ? change(user, which) : user));
  if (users[who].permissions !== before) log.push(`${change.name} ${Permission[which]} ${users[who].name}`);
}

users.forEach((user) => console.log(user.name.padEnd(5), user.permissions.toString(2).padStart(4, "0"), describe(user.permissions)));
console.log("may read and write:", users.filter((u) => has(u, Permission.Read | Permission.Write)).map((u) => u.name).join(", ") || "nobody");
log.forEach((line) => console.log(`- ${line}`));
