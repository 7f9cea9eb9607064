import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { SpecSeccomp } from "../../src/oci/runtime-spec.ts";
import { canRun, removeTestCgroups, testContainer } from "./container.ts";
import { ended } from "./executed.ts";
import { testProgram } from "./programs.ts";
import { agent, canSupervise, notifying } from "./supervisor.ts";

afterAll(removeTestCgroups);

const askProgram = canRun ? testProgram("ask") : undefined;

describe.skipIf(!canSupervise)("a filter that asks a supervisor", () => {
  test.each([
    [false, ["SECCOMP_FILTER_FLAG_LOG"]],
    [true, ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]],
  ])("gets its answers from who listens (no_new_privs: %p, flags %o)", async (noNewPrivileges, flags) => {
    await using supervisor = await agent();
    const seccomp = notifying(supervisor.socket, { listenerMetadata: 'what "ever"', flags });
    await using c = await testContainer({
      script: "mkdir /tmp/a; ls /proc/self/fd | wc -l",
      process: { noNewPrivileges },
      linux: { seccomp },
      spec: { annotations: { key: "value" } },
    });
    const container = await c.create();
    const { pid } = container;
    expect(await supervisor.next()).toEqual({
      ociVersion: "1.3.0",
      fds: ["seccompFd"],
      pid,
      metadata: 'what "ever"',
      state: {
        ociVersion: "1.3.0",
        id: c.id,
        status: "creating",
        pid,
        bundle: c.folder,
        annotations: { key: "value" },
      },
    });
    await container.start();
    await container.exited;
    // The listener is not among what the program inherits: 0, 1, 2 and the folder that it reads.
    expect(c.output()).toBe("mkdir: can't create directory '/tmp/a': Invalid cross-device link\n4\n");
    expect(existsSync(join(c.rootfs, "tmp/a"))).toBe(false);
  });

  test("asks it for a program that is executed too, on a connection of its own", async () => {
    await using supervisor = await agent(2);
    await using c = await testContainer({
      script: "sleep 100",
      linux: { seccomp: notifying(supervisor.socket) },
    });
    const container = await c.create();
    await supervisor.next();
    await container.start();
    const { output, session } = await ended(container, "mkdir /tmp/b");
    expect(output).toContain("Invalid cross-device link");
    expect(await supervisor.next()).toMatchObject({
      pid: session.pid,
      state: { id: c.id, status: "running", pid: container.pid },
    });
  });

  test("is an error of create when nobody listens", async () => {
    await using c = await testContainer({ linux: { seccomp: notifying("/tmp/inro-nobody-listens") } });
    await expect(c.create()).rejects.toMatchObject({
      code: "SECCOMP_LISTENER_FAILED",
      at: "/linux/seccomp/listenerPath",
    });
  });

  test("may not ask about what the runtime itself still has to do", async () => {
    const syscalls = [{ names: ["write"], action: "SCMP_ACT_NOTIFY" as const }];
    await using c = await testContainer({ linux: { seccomp: notifying("/tmp/x", { syscalls }) } });
    await expect(c.create()).rejects.toMatchObject({
      code: "PLAN_UNSAFE",
      message: expect.stringContaining("forbids write"),
    });
  });
});

/** High bits and the lowest: a number that a double cannot hold. */
const LARGE = 0xffff_ffff_ffff_fff1n;

describe.skipIf(askProgram === undefined)("the kernel compares all 64 bits of an argument", () => {
  test.each([
    ["SCMP_CMP_EQ", LARGE, undefined, { [`${LARGE}`]: true, [`${LARGE - 1n}`]: false, "1": false }],
    ["SCMP_CMP_NE", LARGE, undefined, { [`${LARGE}`]: false, [`${LARGE - 1n}`]: true }],
    ["SCMP_CMP_LT", LARGE, undefined, { [`${LARGE}`]: false, [`${LARGE - 1n}`]: true, "2": true }],
    ["SCMP_CMP_LE", LARGE, undefined, { [`${LARGE}`]: true, [`${LARGE + 1n}`]: false }],
    ["SCMP_CMP_GE", LARGE, undefined, { [`${LARGE}`]: true, [`${LARGE - 1n}`]: false }],
    ["SCMP_CMP_GT", LARGE, undefined, { [`${LARGE}`]: false, [`${LARGE + 1n}`]: true, "3": false }],
    ["SCMP_CMP_MASKED_EQ", LARGE, 1n, { "1": true, "3": true, [`${LARGE}`]: false, "2": false }],
  ] as const)("%s %d", async (op, value, valueTwo, expected) => {
    const args = [{ index: 1, value, op, ...(valueTwo === undefined ? {} : { valueTwo }) }];
    const seccomp: SpecSeccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["readahead"], action: "SCMP_ACT_ERRNO", errnoRet: 77, args }],
    };
    await using c = await testContainer({
      args: ["/bin/ask", ...Object.keys(expected)],
      linux: { seccomp },
      image: (rootfs) => copyFileSync(askProgram as string, join(rootfs, "bin/ask")),
    });
    const { output } = await c.run();
    const refused = Object.values(expected).map((hit) => (hit ? "77\n" : "9\n"));
    expect(output).toBe(refused.join(""));
  });
});
