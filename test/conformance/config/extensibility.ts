import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mounted, type Patch } from "../suite/bundle.ts";
import { as, binds, must, type Requirement, section } from "../suite/requirement.ts";

const AUTHOR = "who writes config.json";
const annotated = (annotations: unknown): Patch => ({ annotations }) as Patch;

const IMAGE_KEYS = ["os", "os.version", "os.features", "architecture", "variant", "author", "created"];

/** The annotations of an image are its author's and the engine's, which takes them from the image. */
const imageAnnotations: Record<string, Requirement> = Object.fromEntries(
  IMAGE_KEYS.map((key) => [
    key,
    binds(
      AUTHOR,
      `\`org.opencontainers.image.${key}\` … The annotation value MUST have a valid value for the \`${key}\` property as defined in ${key === "created" ? "the OCIimage specification" : "the OCI image specification"}. This annotation SHOULD only be used in accordance with the OCI image specification's runtime conversion specification.`,
    ),
  ]),
);

/** Properties that no version of the specification has, at every depth of a configuration that is otherwise right. */
const unknown: Patch = {
  nosuch: { deep: [1, 2] },
  root: { nosuch: true },
  process: { nosuch: "x", user: { nosuch: 1 }, capabilities: { nosuch: ["CAP_KILL"] } },
  ...mounted({ destination: "/mnt", type: "tmpfs", nosuch: {} }),
  linux: {
    nosuch: [],
    resources: { nosuch: { limit: 1 }, memory: { nosuch: 1 } },
    seccomp: { defaultAction: "SCMP_ACT_ALLOW", nosuch: 1 },
  },
  hooks: { nosuch: [{ path: "relative" }] },
};

/** One wrong value for each field, and where the error has to point. */
const invalid: Readonly<Record<string, Patch>> = {
  ociVersion: { ociVersion: 1 },
  "root/readonly": { root: { readonly: "yes" } },
  mounts: { mounts: {} },
  "mounts/0/destination": { mounts: [{ type: "tmpfs", destination: 1 }] },
  "mounts/0/options": { mounts: [{ type: "tmpfs", destination: "/mnt", options: "ro" }] },
  "mounts/0/source": { mounts: [{ destination: "/mnt", source: 1, options: ["bind"] }] },
  "process/terminal": { process: { terminal: "no" } },
  "process/env": { process: { env: { PATH: "/bin" } } },
  "process/env/0": { process: { env: [7] } },
  "process/capabilities/bounding": { process: { capabilities: { bounding: "CAP_KILL" } } },
  "process/noNewPrivileges": { process: { noNewPrivileges: 1 } },
  "process/oomScoreAdj": { process: { oomScoreAdj: "5" } },
  "process/user/umask": { process: { user: { umask: "022" } } },
  "process/user/additionalGids": { process: { user: { additionalGids: ["0"] } } },
  "process/rlimits/0": { process: { rlimits: [{ type: "RLIMIT_CORE", soft: "0", hard: 0 }] } },
  hostname: { hostname: 5 },
  domainname: { domainname: 5 },
  "linux/namespaces": { linux: { namespaces: [{ type: "nosuch" }] } },
  "linux/sysctl": { linux: { sysctl: { "kernel.msgmax": 5 } } },
  "linux/devices/0": { linux: { devices: [{ type: "x", path: "/dev/x" }] } },
  "linux/rootfsPropagation": { linux: { rootfsPropagation: "nosuch" } },
  "linux/maskedPaths": { linux: { maskedPaths: "/proc/kcore" } },
  "linux/readonlyPaths": { linux: { readonlyPaths: [5] } },
  "linux/cgroupsPath": { linux: { cgroupsPath: 5 } },
  "linux/resources/pids": { linux: { resources: { pids: { limit: "10" } } } },
  "linux/resources/memory/limit": { linux: { resources: { memory: { limit: "64m" } } } },
  "linux/resources/devices/0": { linux: { resources: { devices: [{ allow: "yes" }] } } },
  "linux/seccomp/defaultAction": { linux: { seccomp: { defaultAction: "SCMP_ACT_NOSUCH" } } },
  "linux/seccomp/architectures": {
    linux: { seccomp: { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_NOSUCH"] } },
  },
  "linux/seccomp/flags": {
    linux: { seccomp: { defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_NOSUCH"] } },
  },
  "linux/personality": { linux: { personality: { domain: "NOSUCH" } } },
};

/** config.md: Annotations, Extensibility, Valid values; glossary.md: JSON */
export const extensibility = [
  section("config.annotations", "Annotations", {
    1: must("Annotations MUST be a key-value map.", async (c) => {
      for (const wrong of [["a=b"], "a=b", 5])
        expect(await c.refused(annotated(wrong))).toContain("annotations");
    }),
    2: as("config.annotations.1", "Keys MUST be strings."),
    3: must("Keys MUST NOT be an empty string.", async (c) => {
      expect(await c.refused(annotated({ "": "value" }))).toContain("annotations");
    }),
    4: binds(AUTHOR, "Keys SHOULD be named using a reverse domain notation - e.g. `com.example.myKey`."),
    5: binds(
      AUTHOR,
      "The `org.opencontainers` namespace for keys is reserved for use by this specification, annotations using keys in this namespace MUST be as described in this section.",
    ),
    ...imageAnnotations,
    stopSignal: binds(
      "who calls kill, which is told the signal",
      "`org.opencontainers.image.stopSignal` | Indicates signal that SHOULD be sent by the container runtimes to kill the container. The annotation value MUST have a valid value for the `config.StopSignal` property as defined in the OCI image specification. This annotation SHOULD only be used in accordance with the OCI image specification's runtime conversion specification.",
    ),
    6: binds(
      "later specifications",
      "All other keys in the `org.opencontainers` namespace not specified in this above table are reserved and MUST NOT be used by subsequent specifications.",
    ),
    7: must("Runtimes MUST handle unknown annotation keys like any other unknown property.", async (c) => {
      const annotations = { "com.example.nosuch": "x", "org.opencontainers.nosuch": "y", plain: "" };
      const one = await c.created(annotated(annotations));
      expect((await one.state())?.annotations).toEqual(annotations);
    }),
    8: must("Values MUST be strings.", async (c) => {
      for (const value of [5, true, null, ["x"], { x: "y" }])
        expect(await c.refused(annotated({ "com.example.key": value }))).toContain("annotations");
    }),
  }),
  section("config.extensibility", "Extensibility", {
    1: must("Runtimes MAY log unknown properties but MUST otherwise ignore them.", async (c) => {
      expect(await c.inside("echo ignored", unknown)).toBe("ignored\n");
    }),
    2: must("That includes not generating errors if they encounter an unknown property.", async (c) => {
      for (const [name, value] of Object.entries(unknown))
        expect(await c.inside("echo ignored", { [name]: value })).toBe("ignored\n");
    }),
  }),
  section("config.values", "Valid values", {
    1: must(
      "Runtimes MUST generate an error when invalid or unsupported values are encountered.",
      async (c) => {
        const silent: string[] = [];
        for (const [at, patch] of Object.entries(invalid)) {
          const { code, stderr } = await c.container(patch).create();
          if (code !== 1 || !stderr.includes(at.replace(/\/\d+$/, "")))
            silent.push(`${at}: ${code} ${stderr.split("\n")[0]}`);
        }
        expect(silent).toEqual([]);
      },
    ),
  }),
];

export const json = section("glossary.json", "JSON", {
  1: must("All configuration JSON MUST be encoded in UTF-8.", async (c) => {
    const one = c.container({ hostname: "latin", annotations: { "com.example.name": "größe ☃" } });
    expect(await one.create()).toMatchObject({ code: 0 });
    expect((await one.state())?.annotations).toEqual({ "com.example.name": "größe ☃" });
    const other = c.container({ annotations: { "com.example.name": "größe" } });
    writeFileSync(join(other.bundle, "config.json"), Buffer.from(JSON.stringify(other.config()), "latin1"));
    expect(await other.create()).toMatchObject({ code: 1, stderr: expect.stringContaining("UTF-8") });
  }),
  2: binds(AUTHOR, "JSON objects MUST NOT include duplicate names."),
});
