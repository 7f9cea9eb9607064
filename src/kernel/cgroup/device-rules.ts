import type { SpecDeviceRule } from "../../oci/runtime-spec.ts";

/** A rule with everything spelt out; null matches any number. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type: "a" | "c" | "b";
  readonly major: number | null;
  readonly minor: number | null;
  readonly access: string;
  /** JSON pointer, or `default`. */
  readonly at: string;
}

const allow = (type: "c" | "b", major: number | null, minor: number | null, access: string): DeviceRule => ({
  allow: true,
  type,
  major,
  minor,
  access,
  at: "default",
});

/** config-linux.md, "Default Devices", and what programs need to make device files and open terminals. */
export const DEFAULT_RULES: readonly DeviceRule[] = [
  allow("c", null, null, "m"),
  allow("b", null, null, "m"),
  allow("c", 1, 3, "rwm"), // null
  allow("c", 1, 5, "rwm"), // zero
  allow("c", 1, 7, "rwm"), // full
  allow("c", 1, 8, "rwm"), // random
  allow("c", 1, 9, "rwm"), // urandom
  allow("c", 5, 0, "rwm"), // tty
  allow("c", 5, 2, "rwm"), // ptmx
  allow("c", 136, null, "rwm"), // pts/*
];

const DENY_ALL: DeviceRule = {
  allow: false,
  type: "a",
  major: null,
  minor: null,
  access: "rwm",
  at: "default",
};

/** Nothing to begin with, then the rules of a specification in their order, then those that every container has. */
export function deviceRules(rules: readonly SpecDeviceRule[]): DeviceRule[] {
  const asked = rules.map(
    (rule, index): DeviceRule => ({
      allow: rule.allow,
      type: rule.type === "c" || rule.type === "b" ? rule.type : "a",
      major: number(rule.major),
      minor: number(rule.minor),
      access: rule.access === undefined || rule.access === "" ? "rwm" : rule.access,
      at: `/linux/resources/devices/${index}`,
    }),
  );
  const own = asked[0] !== undefined && coversAll(asked[0]) ? asked : [DENY_ALL, ...asked];
  if (allowsEverything(own)) return own;
  const settled = own.slice(own.findLastIndex((rule) => !rule.allow) + 1);
  return [...own, ...DEFAULT_RULES.filter((rule) => !settled.some((earlier) => sameDevices(earlier, rule)))];
}

export const coversAll = (rule: DeviceRule): boolean =>
  rule.type === "a" && rule.major === null && rule.minor === null && rule.access.length === 3;

const sameDevices = (a: DeviceRule, b: DeviceRule): boolean =>
  a.type === b.type && a.major === b.major && a.minor === b.minor && a.access === b.access;

const number = (value: number | undefined): number | null =>
  value === undefined || value < 0 ? null : value;

/** Whether the rules leave all devices open, so that no filter is needed: the last word on everything is "allow". */
export function allowsEverything(rules: readonly DeviceRule[]): boolean {
  const last = rules.findLastIndex(coversAll);
  return rules[last]?.allow === true && rules.slice(last + 1).every((rule) => rule.allow);
}
