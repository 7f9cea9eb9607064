import { expect, test } from "bun:test";
import { type Hierarchy, locate } from "../../../src/kernel/cgroup/hierarchies.ts";
import { violations } from "../../../src/kernel/plan/verify.ts";
import { compileExec } from "../../../src/runtime/compile/exec.ts";
import { compiled, inputOf, printed } from "./compiled.ts";
import { process, typical } from "./spec.ts";

const filter = new Uint8Array(8);
const seccomp = { defaultAction: "SCMP_ACT_ALLOW" } as const;

test.each(["v1", "hybrid", "v2"] as const)("the plan of a typical container on a %s host", (host) => {
  expect(printed(compiled(host, typical))).toMatchSnapshot();
});

test("the plan of a container with a terminal, a read-only root, an init and no_new_privs", () => {
  const spec = {
    ...typical,
    root: { path: "rootfs", readonly: true },
    process: {
      ...process,
      terminal: true,
      consoleSize: { height: 24, width: 80 },
      noNewPrivileges: true,
      user: { uid: 33, gid: 33, umask: 0o27 },
      cwd: "/srv/www",
      oomScoreAdj: 500,
    },
    linux: { ...typical.linux, seccomp },
  };
  expect(printed(compiled("v2", spec, { useInit: true, filter }))).toMatchSnapshot();
});

test("the plan of a bundle with binds, devices and a user namespace, kept by its caller", () => {
  const spec = {
    ...typical,
    mounts: [
      ...(typical.mounts ?? []),
      { destination: "/data", type: "bind", source: "/srv/data", options: ["rbind", "ro", "rslave"] },
      { destination: "/etc/hosts", type: "bind", source: "/srv/hosts", options: ["bind", "rro", "nosuid"] },
    ],
    linux: {
      ...typical.linux,
      namespaces: [...(typical.linux?.namespaces ?? []), { type: "user" as const }],
      uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
      gidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
      devices: [{ path: "/dev/net/tun", type: "c" as const, major: 10, minor: 200, fileMode: 0o600 }],
    },
  };
  const sources = new Map([
    [7, { slot: 0, directory: true }],
    [8, { slot: 1, directory: false }],
  ]);
  const plan = compiled("hybrid", spec, {
    sources,
    firstSlot: 2,
    rootfs: { kind: "folder", path: "/bundle/rootfs" },
    keeper: {
      kind: "caller",
      fifo: "/run/inro-runtime/abc/start",
      descriptors: 0,
      claim: "/run/inro-runtime/abc/poststop",
    },
  });
  expect(printed(plan)).toMatchSnapshot();
});

test("what a plan has more with hooks", () => {
  const hook = { path: "/bin/hook", args: ["hook", "1"], env: ["A=b"], timeout: 5 };
  const phases = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];
  const hooks = Object.fromEntries(phases.map((phase) => [phase, [hook]]));
  const rootfs = { kind: "folder", path: "/bundle/rootfs" } as const;
  const without = new Set(printed(compiled("v2", typical, { rootfs })).split("\n"));
  const lines = printed(compiled("v2", { ...typical, hooks }, { rootfs })).split("\n");
  const around = lines.findIndex((line) => line.includes("createContainer")) + 1;
  expect(lines[around]).toContain("readonlyPath");
  expect(lines.filter((line) => !without.has(line)).join("\n")).toMatchSnapshot();
});

test("the plan of one more program in a running container", () => {
  const { facts } = inputOf("hybrid", typical);
  const plan = compileExec({
    process: { ...process, terminal: true },
    spec: typical,
    pid: 4711,
    facts,
    filter: undefined,
    setgroups: "allowed",
    cgroups: [{ hierarchy: locate(facts.hierarchies, "memory") as Hierarchy, path: "/inro/abc" }],
    keeper: { kind: "monitor", openStdin: true },
    container: { id: "abc", bundle: "/b" },
  });
  expect(printed(plan)).toMatchSnapshot();
});

test("the plan of one more program for the caller of the command line, with two descriptors of its own", () => {
  const { facts } = inputOf("v2", typical);
  const plan = compileExec({
    process,
    spec: typical,
    pid: 4711,
    facts,
    filter: undefined,
    setgroups: "allowed",
    container: { id: "abc", bundle: "/b" },
    cgroups: facts.hierarchies.list.map((hierarchy) => ({ hierarchy, path: "/inro/abc/sub" })),
    keeper: { kind: "caller", startTime: 123n, descriptors: 2 },
  });
  expect(violations(plan)).toEqual([]);
  expect(printed(plan)).toMatchSnapshot();
});
