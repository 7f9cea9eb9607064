import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { unifiedOf } from "../../src/kernel/cgroup/hierarchies.ts";
import { readFacts } from "../../src/runtime/facts.ts";
import { ownCgroups } from "../../src/runtime/housing.ts";
import { canRun, removeTestCgroups } from "./container.ts";

afterAll(removeTestCgroups);

const unified = canRun ? unifiedOf(readFacts().hierarchies)?.mount : undefined;

test("the cgroups of this process are read from each hierarchy that keeps processes together", () => {
  const text = "9:name=systemd:/system.slice/inro.service\n4:memory:/x\n0::/system.slice/inro.service\n";
  expect([...ownCgroups(text)]).toEqual([
    ["systemd", "/system.slice/inro.service"],
    ["", "/system.slice/inro.service"],
  ]);
});

describe.skipIf(unified === undefined)("a daemon that is a service", () => {
  test("keeps its monitors out of the cgroup that ends with it (laws of the monitor, 7)", async () => {
    const service = `${unified}/inro-test-service-${process.pid}`;
    mkdirSync(service);
    const child = Bun.spawn([process.execPath, fileURLToPath(import.meta.resolve("./housed.ts"))], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    writeFileSync(`${service}/cgroup.procs`, String(child.pid));
    child.stdin.write("go\n");
    child.stdin.end();
    const [monitor, path] = (await new Response(child.stdout).text()).trim().split(" ");
    await child.exited;
    expect(monitor).toMatch(/^\d+$/);
    expect(path).toBe("/inro-test/monitors");
    expect(readFileSync(`${service}/cgroup.procs`, "utf8")).toBe("");
    rmdirSync(service);
    rmdirSync(`${unified}/inro-test/monitors`);
  });
});
