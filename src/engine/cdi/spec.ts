import * as v from "valibot";
import { InroError } from "../../oci/error.ts";
import { HOOK_PHASES } from "../../runtime/compile/hooks.ts";

/** A file of the Container Device Interface (its SPEC.md, "CDI JSON Specification"); unknown fields fail. */
const text = v.string();
const path = v.pipe(text, v.startsWith("/", "it is not an absolute path"));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const annotations = v.optional(v.record(text, text));

const deviceNode = v.strictObject({
  path,
  hostPath: v.optional(path),
  type: v.optional(v.picklist(["", "b", "c", "u", "p"])),
  major: v.optional(count),
  minor: v.optional(count),
  fileMode: v.optional(count),
  permissions: v.optional(v.pipe(text, v.regex(/^([rwm]{0,3}|none)$/, "it is not made of r, w and m"))),
  uid: v.optional(count),
  gid: v.optional(count),
});

const mount = v.strictObject({
  hostPath: v.pipe(text, v.nonEmpty()),
  containerPath: path,
  type: v.optional(text),
  options: v.optional(v.array(text)),
});

const hook = v.strictObject({
  hookName: v.picklist(HOOK_PHASES),
  path,
  args: v.optional(v.array(text)),
  env: v.optional(v.array(text)),
  timeout: v.optional(v.pipe(count, v.minValue(1))),
});

const edits = v.strictObject({
  env: v.optional(v.array(v.pipe(text, v.regex(/^[^=\0]+=[^\0]*$/, "it is not NAME=VALUE")))),
  deviceNodes: v.optional(v.array(deviceNode)),
  netDevices: v.optional(
    v.array(
      v.strictObject({ hostInterfaceName: v.pipe(text, v.nonEmpty()), name: v.pipe(text, v.nonEmpty()) }),
    ),
  ),
  mounts: v.optional(v.array(mount)),
  hooks: v.optional(v.array(hook)),
  additionalGids: v.optional(v.array(v.pipe(count, v.maxValue(2 ** 32 - 2)))),
  intelRdt: v.optional(
    v.strictObject({
      closID: v.optional(text),
      l3CacheSchema: v.optional(text),
      memBwSchema: v.optional(text),
      schemata: v.optional(v.array(text)),
      enableMonitoring: v.optional(v.boolean()),
      enableCMT: v.optional(v.boolean()),
      enableMBM: v.optional(v.boolean()),
    }),
  ),
});

const label = "[a-z0-9A-Z]([a-z0-9A-Z_.-]*[a-z0-9A-Z])?";
const domain = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*";
const kindPattern = new RegExp(`^(?=.{1,253}/)${domain}/(?=.{1,63}$)${label}$`);
const namePattern = new RegExp(`^${label}$`);

const device = v.strictObject({
  name: v.pipe(text, v.regex(namePattern, "it is no name of a device")),
  annotations,
  containerEdits: v.optional(edits),
});

const document = v.strictObject({
  cdiVersion: v.pipe(text, v.regex(/^v?\d+\.\d+\.\d+$/, "it is no version")),
  kind: v.pipe(text, v.regex(kindPattern, "it is not VENDOR/CLASS")),
  annotations,
  devices: v.pipe(v.array(device), v.nonEmpty("there is none")),
  containerEdits: v.optional(edits),
});

export type CdiEdits = v.InferOutput<typeof edits>;
export type CdiSpec = v.InferOutput<typeof document>;

/** What a file says that was read already. CDI_INVALID. */
export function parseCdiSpec(value: unknown, file: string): CdiSpec {
  const parsed = v.safeParse(document, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const at = issue?.path?.map(({ key }) => String(key)).join(".") ?? "";
    throw cdiInvalid(file, `${at}: ${issue?.message ?? "it is no CDI specification"}`);
  }
  const spec = parsed.output;
  const [needs, what] = newestNeed(spec);
  if (compare(spec.cdiVersion, needs) < 0)
    throw cdiInvalid(file, `it says it is of version ${spec.cdiVersion}, and ${what} came with ${needs}`);
  return spec;
}

export const isCdiName = (name: string): boolean => {
  const [kind = "", device = "", ...more] = name.split("=");
  return more.length === 0 && kindPattern.test(kind) && namePattern.test(device);
};

export function cdiInvalid(file: string, why: string, cause?: unknown): InroError {
  return new InroError("CDI_INVALID", { what: `cannot use the CDI specification ${file}`, why, cause });
}

/** SPEC.md, "Released versions": the least version that has all that is used, and what needs it. */
function newestNeed(spec: CdiSpec): readonly [string, string] {
  const all = [spec.containerEdits, ...spec.devices.map(({ containerEdits }) => containerEdits)];
  const some = (uses: (edits: CdiEdits) => boolean) => all.some((each) => each !== undefined && uses(each));
  const needs: readonly (readonly [boolean, string, string])[] = [
    [some((e) => e.netDevices !== undefined), "1.1.0", "netDevices"],
    [
      some(({ intelRdt: r }) => r?.schemata !== undefined || r?.enableMonitoring === true),
      "1.1.0",
      "schemata",
    ],
    [some((e) => e.intelRdt !== undefined), "0.7.0", "intelRdt"],
    [some((e) => e.additionalGids !== undefined), "0.7.0", "additionalGids"],
    [[spec, ...spec.devices].some((each) => each.annotations !== undefined), "0.6.0", "annotations"],
    [(spec.kind.split("/")[1] ?? "").includes("."), "0.6.0", "a dot in the class"],
    [some((e) => e.deviceNodes?.some((node) => node.hostPath !== undefined) ?? false), "0.5.0", "hostPath"],
    [spec.devices.some(({ name }) => /^\d/.test(name)), "0.5.0", "a name that begins with a digit"],
    [some((e) => e.mounts?.some(({ type }) => type !== undefined) ?? false), "0.4.0", "a mount's type"],
  ];
  const [, version, what] = needs.find(([isUsed]) => isUsed) ?? [true, "0.3.0", "it"];
  return [version, what];
}

function compare(a: string, b: string): number {
  const parts = (version: string) => version.replace(/^v/, "").split(".").map(Number);
  const [one, other] = [parts(a), parts(b)];
  return one.map((part, i) => part - (other[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
