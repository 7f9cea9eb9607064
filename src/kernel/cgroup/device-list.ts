import { coversAll, type DeviceRule } from "./device-rules.ts";
import { type FileValue, invalid } from "./setting.ts";

/**
 * What v1's devices controller can hold (Documentation/admin-guide/cgroup-v1/devices.rst): all devices open or none, and
 * exceptions from that, by type and numbers ("c 1:3"), each with the kinds of access that it speaks of.
 */
export interface DeviceList {
  readonly open: boolean;
  readonly exceptions: ReadonlyMap<string, Exception>;
}

interface Exception {
  readonly access: string;
  /** JSON pointer, or `default`. */
  readonly at: string;
}

/** A line for devices.allow or devices.deny, and what asked for it. */
export type DeviceLine = FileValue & { readonly at: string };

/** The rules one after another. */
export function deviceList(rules: readonly DeviceRule[]): DeviceList {
  let open = false;
  const exceptions = new Map<string, Exception>();
  for (const rule of rules) {
    if (coversAll(rule)) {
      open = rule.allow;
      exceptions.clear();
      continue;
    }
    for (const type of rule.type === "a" ? (["c", "b"] as const) : [rule.type]) {
      const one = { ...rule, type };
      if (rule.allow === open) takeBack(exceptions, one);
      else exceptions.set(keyOf(one), merge(exceptions.get(keyOf(one)), one));
    }
  }
  return { open, exceptions };
}

const keyOf = ({ type, major, minor }: DeviceRule): string => `${type} ${major ?? "*"}:${minor ?? "*"}`;

const merge = (before: Exception | undefined, { access, at }: DeviceRule): Exception => ({
  access: letters((letter) => access.includes(letter) || before?.access.includes(letter) === true),
  at,
});

const letters = (wanted: (letter: string) => boolean): string => [..."rwm"].filter(wanted).join("");

/** The kernel takes back whole exceptions only; of a wider one it would in silence take nothing. */
function takeBack(exceptions: Map<string, Exception>, rule: DeviceRule): void {
  for (const [key, { access, at }] of exceptions) {
    const shared = letters((letter) => access.includes(letter) && rule.access.includes(letter));
    if (shared === "") continue;
    if (covers(keyOf(rule), key)) {
      const left = letters((letter) => access.includes(letter) && !rule.access.includes(letter));
      if (left === "") exceptions.delete(key);
      else exceptions.set(key, { access: left, at });
    } else if (covers(key, keyOf(rule))) {
      const verb = rule.allow ? "allow" : "deny";
      throw invalid(
        (rule.at === "default" ? at : rule.at).replace("/linux/resources", ""),
        `cannot ${verb} "${keyOf(rule)} ${rule.access}"`,
        `cgroup v1 cannot make an exception from "${key} ${access}"`,
        "name the devices one by one",
      );
    }
  }
}

function covers(wide: string, narrow: string): boolean {
  const [wideType, wideNumbers = ""] = wide.split(" ");
  const [narrowType, narrowNumbers = ""] = narrow.split(" ");
  const numbers = narrowNumbers.split(":");
  return (
    wideType === narrowType &&
    wideNumbers.split(":").every((number, at) => number === "*" || number === numbers[at])
  );
}

/** For a fresh cgroup, which has what its parent has. */
export function deviceLines(list: DeviceList): DeviceLine[] {
  const all = { file: fileFor(list.open), value: "a", at: "default" };
  return [all, ...[...list.exceptions].map(([key, { access, at }]) => line(!list.open, key, access, at))];
}

const fileFor = (allow: boolean): string => (allow ? "devices.allow" : "devices.deny");

const line = (allow: boolean, key: string, access: string, at: string): DeviceLine => ({
  file: fileFor(allow),
  value: `${key} ${access}`,
  at,
});

/** What devices.list says. Exceptions from "all" are not told: of such a list all devices are open. */
export function listedDevices(list: string): DeviceList {
  const rows = list.split("\n").filter((row) => row !== "");
  if (rows.some((row) => row.startsWith("a"))) return { open: true, exceptions: new Map() };
  const exceptions = rows.map((row): [string, Exception] => {
    const at = row.lastIndexOf(" ");
    return [row.slice(0, at), { access: row.slice(at + 1), at: "default" }];
  });
  return { open: false, exceptions: new Map(exceptions) };
}

/**
 * From what a living cgroup's devices.list says to `wanted`: what is new is allowed before what is old is denied, so that
 * what both allow is open at every moment. A list of exceptions from "all" is not told, so it starts anew.
 */
export function deviceTransition(current: string, wanted: DeviceList): DeviceLine[] {
  const { open, exceptions } = listedDevices(current);
  if (wanted.open || open) return deviceLines(wanted);
  const have = new Map([...exceptions].map(([key, { access }]) => [key, access]));
  const without = (access: string, other = ""): string =>
    letters((letter) => access.includes(letter) && !other.includes(letter));
  const added = [...wanted.exceptions].flatMap(([key, { access, at }]) => {
    const missing = without(access, have.get(key));
    return missing === "" ? [] : [line(true, key, missing, at)];
  });
  const removed = [...have].flatMap(([key, access]) => {
    const gone = without(access, wanted.exceptions.get(key)?.access);
    return gone === "" ? [] : [line(false, key, gone, "default")];
  });
  return [...added, ...removed];
}
