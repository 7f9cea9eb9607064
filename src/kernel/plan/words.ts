/** Numbers of the kernel's ABI as words, for people who read plans. */
import { CAPABILITIES } from "../capabilities.ts";

type Bits = readonly (readonly [bit: number, word: string])[];

// include/uapi/linux/sched.h
const NAMESPACES: Bits = [
  [0x20000000, "pid"],
  [0x00020000, "mount"],
  [0x40000000, "network"],
  [0x08000000, "ipc"],
  [0x04000000, "uts"],
  [0x10000000, "user"],
  [0x02000000, "cgroup"],
  [0x00000080, "time"],
];

// include/uapi/linux/mount.h
const ATTRIBUTES: Bits = [
  [0x01, "ro"],
  [0x02, "nosuid"],
  [0x04, "nodev"],
  [0x08, "noexec"],
  [0x10, "noatime"],
  [0x20, "strictatime"],
  [0x80, "nodiratime"],
  [0x100000, "idmap"],
  [0x200000, "nosymfollow"],
];

const PROPAGATIONS: Bits = [
  [1 << 17, "unbindable"],
  [1 << 18, "private"],
  [1 << 19, "slave"],
  [1 << 20, "shared"],
];

// include/uapi/asm-generic/resource.h
const RESOURCES =
  "cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime".split(
    " ",
  );

const wordsOf = (bits: Bits, value: number): string[] =>
  bits.flatMap(([bit, word]) => ((value & bit) !== 0 ? [word] : []));

export const namespaceWords = (flags: number): string => wordsOf(NAMESPACES, flags).join(", ") || "no";
export const attributeWords = (attributes: number): string => wordsOf(ATTRIBUTES, attributes).join(",");
export const propagationWords = (propagation: number): string => wordsOf(PROPAGATIONS, propagation).join(",");
export const resourceWord = (resource: number): string => RESOURCES[resource] ?? `resource ${resource}`;

/** RLIM_INFINITY is all bits. */
export const limitWord = (limit: bigint): string => (limit === (1n << 64n) - 1n ? "unlimited" : `${limit}`);

function capabilityNames(set: bigint): string[] {
  return CAPABILITIES.flatMap((name, bit) =>
    (set >> BigInt(bit)) & 1n ? [name.slice(4).toLowerCase()] : [],
  );
}

/** `none`, `all 41`, or up to three names and how many more. */
export function capabilityWords(set: bigint): string {
  const names = capabilityNames(set);
  if (names.length === 0) return "none";
  if (names.length === CAPABILITIES.length) return `all ${names.length}`;
  return names.length <= 4
    ? names.join(", ")
    : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}

export const capabilityCount = (set: bigint): number => capabilityNames(set).length;
export const capabilitiesKnown: number = CAPABILITIES.length;

export const octal = (mode: number): string => `0${(mode & 0o7777).toString(8)}`;

const QUOTED = /[^\w@%+=:,./-]/;
/** A word as a shell would need it quoted, so that arguments can be told apart. */
export const shellWord = (word: string): string =>
  word === "" || QUOTED.test(word) ? JSON.stringify(word) : word;

/** Long texts are shortened in the middle of what a line can hold. */
export const shortened = (text: string, length = 72): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;
