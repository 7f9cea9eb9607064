import { expect, test } from "bun:test";
import { deviceLines, deviceList, deviceTransition } from "../../../src/kernel/cgroup/device-list.ts";
import { deviceProgram } from "../../../src/kernel/cgroup/device-program.ts";
import { allowsEverything, type DeviceRule, deviceRules } from "../../../src/kernel/cgroup/device-rules.ts";
import { runDeviceProgram } from "./ebpf.ts";

const READ = 2;
const WRITE = 4;
const MKNOD = 1;

test("without a rule only the devices that every container has are open", () => {
  const program = deviceProgram(deviceRules([]));
  const ask = (type: "c" | "b", major: number, minor: number, access: number) =>
    runDeviceProgram(program, { type, major, minor, access });
  expect(ask("c", 1, 3, READ | WRITE)).toBe(true);
  expect(ask("c", 136, 7, READ | WRITE)).toBe(true);
  expect(ask("c", 10, 229, MKNOD)).toBe(true);
  expect(ask("c", 10, 229, READ)).toBe(false);
  expect(ask("b", 8, 0, READ)).toBe(false);
  expect(ask("b", 8, 0, READ | MKNOD)).toBe(false);
});

test("rules that allow everything need no filter, whatever stands before them", () => {
  expect(allowsEverything(deviceRules([{ allow: true, access: "rwm" }]))).toBe(true);
  expect(allowsEverything(deviceRules([{ allow: false, access: "rwm" }, { allow: true }]))).toBe(true);
  expect(
    allowsEverything(deviceRules([{ allow: true }, { allow: false, type: "c", major: 1, minor: 1 }])),
  ).toBe(false);
  expect(allowsEverything(deviceRules([]))).toBe(false);
});

test.each([
  [{ allow: true, type: "q" }, 'cannot use a rule for devices of type "q": a type is a, c or b'],
  [{ allow: true, access: "rx" }, 'cannot use a rule for the access "rx": access is made of r, w and m'],
])("a rule that means nothing does not mean everything: %o", (rule, message) => {
  expect(() => deviceRules([rule])).toThrow(message);
});

test("v1 gets one line a rule, a rule for both kinds of device as two", () => {
  const rules = deviceRules([{ allow: false }, { allow: true, major: 10, minor: 229, access: "rw" }]);
  expect(
    deviceLines(deviceList(rules))
      .slice(0, 3)
      .map(({ file, value }) => `${file} ${value}`),
  ).toEqual(["devices.deny a", "devices.allow c 10:229 rw", "devices.allow b 10:229 rw"]);
});

const lines = (list: Parameters<typeof deviceRules>[0]): string[] =>
  deviceLines(deviceList(deviceRules(list))).map(({ file, value }) => `${file} ${value}`);

test("v1 holds no more than exceptions: what a later rule takes back is not written at all", () => {
  expect(
    lines([
      { allow: true },
      { allow: false, type: "b", access: "rw" },
      { allow: false, type: "c", major: 1, minor: 1 },
      { allow: true, type: "b", access: "w" },
    ]),
  ).toEqual(["devices.allow a", "devices.deny b *:* r", "devices.deny c 1:1 rw"]);
});

test("v1 cannot deny one device of many that are allowed, and would do so in silence: it is refused", () => {
  const hole = [
    { allow: true, type: "c", access: "rw" },
    { allow: false, type: "c", major: 10, minor: 229 },
  ];
  expect(() => lines(hole)).toThrow(
    'cannot deny "c 10:229 rwm": cgroup v1 cannot make an exception from "c *:* rw"',
  );
  expect(() => lines(hole)).toThrow(expect.objectContaining({ at: "/linux/resources/devices/1" }));
});

test("v1's rules change without a moment in which what both allow is closed", () => {
  const wanted = deviceList(deviceRules([{ allow: true, type: "c", major: 10, minor: 229, access: "rw" }]));
  const current = "c *:* m\nb *:* m\nc 1:3 rwm\nc 1:5 rwm\nc 1:7 r\nc 10:200 rwm\nb 8:0 r\n";
  const steps = deviceTransition(current, wanted).map(({ file, value }) => `${file} ${value}`);
  expect(steps).toEqual([
    "devices.allow c 10:229 rw",
    "devices.allow c 1:7 wm",
    "devices.allow c 1:8 rwm",
    "devices.allow c 1:9 rwm",
    "devices.allow c 5:0 rwm",
    "devices.allow c 5:2 rwm",
    "devices.allow c 136:* rwm",
    "devices.deny c 10:200 rwm",
    "devices.deny b 8:0 r",
  ]);
  expect(deviceTransition("a *:* rwm\n", wanted)[0]).toMatchObject({ file: "devices.deny", value: "a" });
});

test("a random list of rules is decided as its law says: the last rule about each kind of access", () => {
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pick = <T>(...values: T[]): T => values[random(values.length)] as T;
  for (let round = 0; round < 200; round++) {
    const rules = Array.from(
      { length: random(8) },
      (): DeviceRule => ({
        allow: random(2) === 0,
        type: pick("a", "b", "c"),
        major: pick(null, 1, 8),
        minor: pick(null, 0, 3),
        access: pick("r", "w", "m", "rw", "rwm"),
        at: "",
      }),
    );
    const program = deviceProgram(rules);
    for (let probe = 0; probe < 20; probe++) {
      const asked = {
        type: pick<"b" | "c">("b", "c"),
        major: pick(1, 8, 9),
        minor: pick(0, 3),
        access: 1 + random(7),
      };
      expect(runDeviceProgram(program, asked)).toBe(lawOf(rules, asked));
    }
  }
});

function lawOf(
  rules: DeviceRule[],
  asked: { type: string; major: number; minor: number; access: number },
): boolean {
  const kinds = [
    ["m", MKNOD],
    ["r", READ],
    ["w", WRITE],
  ] as const;
  return kinds.every(([letter, bit]) => {
    if ((asked.access & bit) === 0) return true;
    const last = rules.findLast(
      (rule) =>
        (rule.type === "a" || rule.type === asked.type) &&
        (rule.major ?? asked.major) === asked.major &&
        (rule.minor ?? asked.minor) === asked.minor &&
        rule.access.includes(letter),
    );
    return last?.allow === true;
  });
}
