import type { SpecDeviceRule } from "../../oci/runtime-spec.ts";
import { invalid } from "./setting.ts";

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
  const asked = rules.map(spelt);
  const own = asked[0] !== undefined && coversAll(asked[0]) ? asked : [DENY_ALL, ...asked];
  if (allowsEverything(own)) return own;
  const settled = own.slice(own.findLastIndex((rule) => !rule.allow) + 1);
  return [...own, ...DEFAULT_RULES.filter((rule) => !settled.some((earlier) => sameDevices(earlier, rule)))];
}

const TYPES = ["a", "c", "b"] as const;

/** config-linux.md, "Allowed Device list": what is unset means all. A word that means nothing must not mean all. */
function spelt({ allow, type = "", major, minor, access = "" }: SpecDeviceRule, index: number): DeviceRule {
  const found = type === "" ? "a" : TYPES.find((one) => one === type);
  const at = `/devices/${index}`;
  if (found === undefined)
    throw invalid(at, `cannot use a rule for devices of type "${type}"`, "a type is a, c or b");
  if (!/^[rwm]*$/.test(access))
    throw invalid(at, `cannot use a rule for the access "${access}"`, "access is made of r, w and m");
  const letters = access === "" ? "rwm" : [..."rwm"].filter((letter) => access.includes(letter)).join("");
  return {
    allow,
    type: found,
    major: number(major),
    minor: number(minor),
    access: letters,
    at: `/linux/resources${at}`,
  };
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
