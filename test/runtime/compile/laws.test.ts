import { expect, test } from "bun:test";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { sysctlPath } from "../../../src/runtime/compile/proc.ts";
import { candidatesOf } from "../../../src/runtime/compile/program.ts";
import { compiled, inputOf, kinds } from "./compiled.ts";
import { process, typical } from "./spec.ts";

const filter = new Uint8Array(8);
const seccomp = { defaultAction: "SCMP_ACT_ALLOW" } as const;
const withProcess = (more: object): RuntimeSpec => ({
  ...typical,
  process: { ...process, ...more },
  linux: { ...typical.linux, seccomp },
});

test("without no_new_privs the filter is loaded before privilege goes (order law 4)", () => {
  const order = kinds(compiled("v2", withProcess({}), { filter }), "confine");
  expect(order.indexOf("seccomp")).toBeGreaterThan(-1);
  expect(order.indexOf("seccomp")).toBeLessThan(order.indexOf("boundingSet"));
});

test("with no_new_privs the filter is loaded after the gate (order law 7)", () => {
  const plan = compiled("v2", withProcess({ noNewPrivileges: true }), { filter });
  expect(kinds(plan, "confine")[2]).toBe("noNewPrivileges");
  expect(kinds(plan, "confine")).not.toContain("seccomp");
  expect(kinds(plan, "become")).toEqual(["seccomp", "closeRange", "exec"]);
});

test("the bounding set goes first, then groups, user, capabilities, ambient set (order law 5)", () => {
  const order = kinds(compiled("v2", typical), "confine");
  const law = [
    "boundingSet",
    "keepCapabilities",
    "groups",
    "user",
    "keepCapabilities",
    "capabilities",
    "ambient",
  ];
  expect(order.slice(order.indexOf("boundingSet"), order.indexOf("ambient") + 1)).toEqual(law);
});

test.each(["v1", "hybrid"] as const)(
  "on %s the cgroup namespace comes after the last hierarchy is joined",
  (host) => {
    const build = kinds(compiled(host, typical), "build");
    expect(build.filter((kind) => kind === "joinCgroup").length).toBeGreaterThan(3);
    expect(build.indexOf("unshare")).toBeGreaterThan(build.lastIndexOf("joinCgroup"));
  },
);

test("on v2 the container is born into its cgroup, with its namespace", () => {
  const [clone] = compiled("v2", typical).clone;
  expect(clone).toMatchObject({ kind: "clone", cgroup: 0, flags: 0x6e020000 });
});

test("a capability that the engine lacks is not asked for", () => {
  const facts = { ...inputOf("v2", typical).facts, boundingSet: 1n };
  const plan = compiled("v2", typical, { facts });
  expect(plan.confine.find(({ kind }) => kind === "capabilities")).toMatchObject({
    permitted: 1n,
    effective: 1n,
  });
});

test("a specification's device takes the place of the standard one", () => {
  const devices = [{ path: "/dev/null", type: "c" as const, major: 1, minor: 3, fileMode: 0o600 }];
  const plan = compiled("v2", { ...typical, linux: { ...typical.linux, devices } });
  const nulls = plan.build.filter((op) => op.kind === "makeNode" && op.path === "null");
  expect(nulls).toMatchObject([{ mode: 0o020600, because: "/linux/devices/0" }]);
});

test.each([
  [["sh"], ["/usr/bin/sh", "/bin/sh"]],
  [["/bin/sh"], ["/bin/sh"]],
  [["./run"], ["/work/./run"]],
  [["../run"], ["/work/../run"]],
])("the program %p is looked for at %p", (args, candidates) => {
  expect(candidatesOf({ args, env: ["PATH=/usr/bin:/bin"], cwd: "/work" })).toEqual(candidates);
});

test("an empty element of PATH is the working directory", () => {
  expect(candidatesOf({ args: ["x"], env: ["PATH=:bin"], cwd: "/work" })).toEqual(["/work/x", "/work/bin/x"]);
});

test.each([
  ["net.ipv4.ip_forward", "net/ipv4/ip_forward"],
  ["net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"],
  ["net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"],
])("the sysctl %s is the file %s", (name, path) => {
  expect(sysctlPath(name)).toBe(path);
});

test.each(["", "..", "net..x", "net/../../x", "a\0b"])("the sysctl name %p is refused (R24)", (name) => {
  expect(() => sysctlPath(name)).toThrow(expect.objectContaining({ code: "SYSCTL_INVALID" }));
});

test.each([
  [{ hooks: { prestart: [{ path: "/x" }] } }, "/hooks/prestart"],
  [{ linux: { ...typical.linux, namespaces: [{ type: "pid" }] } }, "/linux/namespaces"],
  [{ process: { ...process, apparmorProfile: "x" } }, "/process/apparmorProfile"],
])("a wish that cannot be met is refused and named: %o", (more, at) => {
  expect(() => compiled("v2", { ...typical, ...more } as RuntimeSpec)).toThrow(
    expect.objectContaining({ code: "SPEC_UNSUPPORTED", at }),
  );
});

test.each(["/", "/proc/..", "../x"])("nothing is mounted on %p", (destination) => {
  const mounts = [{ destination, type: "tmpfs", source: "tmpfs" }];
  expect(() => compiled("v2", { ...typical, mounts })).toThrow(
    expect.objectContaining({ code: "MOUNT_DESTINATION_INVALID", at: "/mounts/0" }),
  );
});
