/**
 * Writes src/kernel/seccomp/numbers.json from kernel headers: the system call numbers of each architecture.
 *
 * usage: bun scripts/generate-syscall-numbers.ts x86_64=HEADER i386=HEADER aarch64=INCLUDE_DIR arm=HEADER
 *
 * On Debian the headers are /usr/include/x86_64-linux-gnu/asm/unistd_64.h and unistd_32.h, and, from the packages
 * linux-libc-dev-arm64-cross and linux-libc-dev-armhf-cross, aarch64-linux-gnu/include (run through the
 * preprocessor, since it is the generic table) and arm-linux-gnueabihf/include/asm/unistd-eabi.h.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";

// Since Linux 5.1 a new call has one number on every architecture; these are newer than the headers of 6.1
// (include/uapi/asm-generic/unistd.h of 6.18).
const NEWER: Readonly<Record<string, number>> = {
  cachestat: 451,
  fchmodat2: 452,
  map_shadow_stack: 453,
  futex_wake: 454,
  futex_wait: 455,
  futex_requeue: 456,
  statmount: 457,
  listmount: 458,
  lsm_get_self_attr: 459,
  lsm_set_self_attr: 460,
  lsm_list_modules: 461,
  mseal: 462,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
  open_tree_attr: 467,
  file_getattr: 468,
  file_setattr: 469,
};
// Calls that only one architecture has and its 6.1 header lacks.
const OWN: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  x86_64: { uretprobe: 335, uprobe: 336 },
  // arch/arm/include/uapi/asm/unistd.h: __ARM_NR_BASE is 0x0f0000.
  arm: {
    breakpoint: 0xf0001,
    cacheflush: 0xf0002,
    usr26: 0xf0003,
    usr32: 0xf0004,
    set_tls: 0xf0005,
    get_tls: 0xf0006,
  },
};

function definitions(source: string): string {
  if (!statSync(source).isDirectory()) return readFileSync(source, "utf8");
  return execFileSync("gcc", ["-E", "-dM", "-nostdinc", `-I${source}`, "-D__aarch64__", "-D__LP64__", "-"], {
    input: "#include <asm/unistd.h>\n",
    encoding: "utf8",
  });
}

function numbers(text: string): Record<string, number> {
  // arch/arm/include/uapi/asm/unistd.h: the base is 0 for EABI.
  const defined = new Map([["__NR_SYSCALL_BASE", "0"]]);
  for (const [, name, value] of text.matchAll(/^#define (__NR\w*) +(.+?)\s*$/gm))
    defined.set(name ?? "", value ?? "");
  const evaluate = (value: string, depth: number): number => {
    if (depth > 4) return Number.NaN;
    const expression = value.replace(/__NR\w*/g, (name) =>
      String(evaluate(defined.get(name) ?? "NaN", depth + 1)),
    );
    const sum = /^\(?(\d+)(?:\s*\+\s*(\d+))?\)?$/.exec(expression.trim());
    return sum === null ? Number.NaN : Number(sum[1]) + Number(sum[2] ?? 0);
  };
  const result: Record<string, number> = {};
  for (const [name, value] of defined) {
    const call = /^__NR_(\w+)$/.exec(name)?.[1];
    const number = evaluate(value, 0);
    if (call === undefined || call === "syscalls" || call === "SYSCALL_BASE" || Number.isNaN(number))
      continue;
    result[call] = number;
  }
  return result;
}

const tables: Record<string, Record<string, number>> = {};
for (const argument of process.argv.slice(2)) {
  const [architecture, source] = argument.split("=");
  if (architecture === undefined || source === undefined)
    throw new Error(`expected ARCH=HEADER, got "${argument}"`);
  const all = { ...numbers(definitions(source)), ...NEWER, ...OWN[architecture] };
  tables[architecture] = Object.fromEntries(Object.entries(all).sort((a, b) => a[1] - b[1]));
}
const lines = Object.entries(tables).map(([name, table]) => `  "${name}": ${JSON.stringify(table)}`);
writeFileSync("src/kernel/seccomp/numbers.json", `{\n${lines.join(",\n")}\n}\n`);
