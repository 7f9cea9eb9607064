import { describe, expect, test } from "bun:test";
import { mergeImage } from "../../src/engine/create/merge.ts";
import { validate } from "../../src/engine/create/validate.ts";
import { DEFAULT_RESOURCES } from "../../src/engine/options.ts";
import { host, options } from "./sample.ts";

const image = {
  User: "web",
  ExposedPorts: { "80/tcp": {}, "53": {} },
  Env: ["PATH=/bin", "A=image"],
  Entrypoint: ["/entry"],
  Cmd: ["serve"],
  Volumes: { "/data": {} },
  WorkingDir: "/srv",
  Labels: { a: "image", b: "image" },
  StopSignal: "SIGQUIT",
};

describe("what the image adds", () => {
  test("everything that was not asked for", () => {
    const merged = mergeImage(options(), image);
    expect(merged).toMatchObject({
      entrypoint: ["/entry"],
      command: ["serve"],
      user: "web",
      workingDirectory: "/srv",
      stopSignal: "SIGQUIT",
      exposedPorts: ["53/tcp", "80/tcp"],
      env: ["PATH=/bin", "A=image"],
    });
    expect(merged.mounts).toEqual([expect.objectContaining({ type: "volume", name: null, target: "/data" })]);
  });
  test("a command replaces the image's, an entrypoint both", () => {
    expect(mergeImage(options({ command: ["x"] }), image)).toMatchObject({
      entrypoint: ["/entry"],
      command: ["x"],
    });
    expect(mergeImage(options({ entrypoint: ["/e"] }), image)).toMatchObject({
      entrypoint: ["/e"],
      command: [],
    });
    expect(mergeImage(options({ entrypoint: [""], command: ["x"] }), image)).toMatchObject({
      entrypoint: [],
      command: ["x"],
    });
  });
  test("labels and variables are laid over the image's", () => {
    const merged = mergeImage(options({ labels: { a: "mine" }, env: ["A=mine"] }), image);
    expect(merged.labels).toEqual({ a: "mine", b: "image" });
    expect(merged.env).toEqual(["PATH=/bin", "A=mine"]);
  });
  test("no anonymous volume where something else is mounted", () => {
    const tmpfs = { type: "tmpfs" as const, target: "/data", options: [], listed: true };
    expect(mergeImage(options({ mounts: [tmpfs] }), image).mounts).toEqual([tmpfs]);
  });
});

describe("what is refused before anything is made", () => {
  const resources = (change: Partial<typeof DEFAULT_RESOURCES>) => ({
    resources: { ...DEFAULT_RESOURCES, ...change },
  });
  const bind = (target: string) => ({
    type: "bind" as const,
    source: "/",
    target,
    readOnly: false,
    propagation: "rprivate" as const,
    recursive: true,
    readOnlyRecursive: true,
    createSource: false,
  });
  test.each([
    ["too little memory", resources({ memory: 1024 }), /6 MiB/],
    ["less swap than memory", resources({ memory: 2 ** 26, memorySwap: 2 ** 25 }), /less than the memory/],
    ["more processors than there are", resources({ nanoCpus: 5e9 }), /0.01 to 4/],
    ["less of a processor than the kernel can give", resources({ nanoCpus: 1e6 }), /0.01 to 4/],
    ["two ways to limit processors", resources({ nanoCpus: 1e9, cpuQuota: 5000 }), /exclude each other/],
    ["a processor list that is none", resources({ cpusetCpus: "0-" }), /0-3,5/],
    ["a signal there is not", { stopSignal: "SIGNOPE" }, /no such signal/],
    ["a capability there is not", { capAdd: ["ROOT"] }, /there is no capability/],
    ["a mount at a relative path", { mounts: [bind("data")] }, /not absolute/],
    ["a mount over the root", { mounts: [bind("/x/..")] }, /the root is the image's/],
    ["two mounts at one place", { mounts: [bind("/a/"), bind("/a")] }, /Duplicate mount point/],
    ["a sysctl of the host", { sysctls: { "kernel.panic": "1" } }, /namespace of the container's own/],
    [
      "removal and restart",
      { autoRemove: true, restart: { name: "always" as const, maximumRetries: 0 } },
      /exclude/,
    ],
    ["a working directory that is relative", { workingDirectory: "srv" }, /not an absolute path/],
  ])("%s", (_, change, message) => {
    expect(() => validate(options(change), host)).toThrow(message);
  });

  test("what is right comes back in one spelling", () => {
    const valid = validate(options({ capAdd: ["cap_sys_time"], mounts: [bind("/a/./b//")] }), host);
    expect(valid.capAdd).toEqual(["SYS_TIME"]);
    expect(valid.mounts[0]?.target).toBe("/a/b");
  });
});
