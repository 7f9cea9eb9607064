import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cdiDevices } from "../../../src/engine/cdi/devices.ts";
import { cdiNames } from "../../../src/engine/cdi/requests.ts";
import { parseCdiSpec } from "../../../src/engine/cdi/spec.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const spec = (change: object = {}) => ({
  cdiVersion: "0.6.0",
  kind: "vendor.com/thing",
  devices: [{ name: "a", containerEdits: { env: ["A=1"] } }],
  ...change,
});

test.each([
  [{ kind: "thing" }, /kind: it is not VENDOR\/CLASS/],
  [{ kind: "vendor.com/thing/more" }, /kind: it is not VENDOR\/CLASS/],
  [{ kind: "-vendor.com/thing" }, /kind/],
  [{ kind: `vendor.com/${"x".repeat(64)}` }, /kind/],
  [{ cdiVersion: "one" }, /cdiVersion: it is no version/],
  [{ devices: [] }, /devices: there is none/],
  [{ devices: [{ name: "a b" }] }, /devices\.0\.name: it is no name/],
  [{ colour: "red" }, /colour/],
  [{ containerEdits: { env: ["NAME"] } }, /env\.0: it is not NAME=VALUE/],
  [
    { containerEdits: { deviceNodes: [{ path: "dev/x" }] } },
    /deviceNodes\.0\.path: it is not an absolute path/,
  ],
  [{ containerEdits: { deviceNodes: [{ path: "/dev/x", permissions: "x" }] } }, /permissions/],
  [{ containerEdits: { hooks: [{ hookName: "never", path: "/x" }] } }, /hookName/],
  [{ containerEdits: { hooks: [{ hookName: "poststop", path: "/x", timeout: 0 }] } }, /timeout/],
  [{ containerEdits: { additionalGids: [-1] } }, /additionalGids/],
  [{ cdiVersion: "0.5.0", annotations: { a: "b" } }, /of version 0\.5\.0, and annotations came with 0\.6\.0/],
  [{ containerEdits: { additionalGids: [5] } }, /additionalGids came with 0\.7\.0/],
  [{ cdiVersion: "0.4.0", devices: [{ name: "0" }] }, /begins with a digit came with 0\.5\.0/],
])("%j is refused", (change, why) => {
  expect(() => parseCdiSpec(spec(change), "/etc/cdi/x.json")).toThrow(why);
});

test("a later folder goes before an earlier one; two files of one folder cancel each other; what is broken is told", async () => {
  using folder = temporaryFolder("cdi");
  const [first, second] = [join(folder.path, "first"), join(folder.path, "second")];
  for (const each of [first, second]) mkdirSync(each);
  const put = (place: string, name: string, value: unknown) =>
    writeFileSync(join(place, name), typeof value === "string" ? value : JSON.stringify(value));
  const device = (name: string, value: string) => ({ name, containerEdits: { env: [`${name}=${value}`] } });
  put(first, "one.json", spec({ devices: [device("a", "first"), device("b", "first")] }));
  put(
    first,
    "two.yaml",
    "cdiVersion: 0.6.0\nkind: vendor.com/thing\ndevices:\n- name: c\n  containerEdits:\n    env: [c=first]\n",
  );
  put(first, "broken.yaml", "kind: [");
  put(first, "notes.txt", "no specification");
  put(second, "one.json", spec({ devices: [device("a", "second")] }));
  put(second, "two.json", spec({ devices: [device("d", "second")] }));
  put(second, "three.json", spec({ devices: [device("d", "third")] }));
  const known = await cdiDevices([first, join(folder.path, "none"), second]);
  expect(known.names).toEqual(["a", "b", "c"].map((name) => `vendor.com/thing=${name}`));
  expect(known.faults).toHaveLength(2);
  expect(known.faults.join()).toMatch(/broken\.yaml.*thing=d is described by two files/s);
  const edits = known.edits(["vendor.com/thing=a", "vendor.com/thing=c", "vendor.com/thing=a"]);
  expect(edits.flatMap((each) => each.edits.env ?? [])).toEqual(["a=second", "c=first"]);
  expect(() => known.edits(["vendor.com/thing=d"])).toThrow(/unresolvable CDI devices vendor\.com\/thing=d/);
});

test("--gpus is nvidia.com/gpu where somebody describes it, else dockerd's words", () => {
  const request = { driver: "", count: 0, deviceIds: [], capabilities: [["gpu"]], options: {} };
  const known = ["nvidia.com/gpu=all", "nvidia.com/gpu=0"];
  expect(cdiNames([{ ...request, count: -1 }], known)).toEqual(["nvidia.com/gpu=all"]);
  expect(cdiNames([{ ...request, count: 2 }], known)).toEqual(["nvidia.com/gpu=0", "nvidia.com/gpu=1"]);
  expect(cdiNames([{ ...request, deviceIds: ["GPU-1"] }], known)).toEqual(["nvidia.com/gpu=GPU-1"]);
  expect(() => cdiNames([{ ...request, count: -1 }], [])).toThrow(
    /could not select device driver "" with capabilities: \[\[gpu\]\]/,
  );
  expect(() => cdiNames([{ ...request, driver: "cdi", deviceIds: ["/dev/null"] }], [])).toThrow(
    /no name of a CDI device/,
  );
});
