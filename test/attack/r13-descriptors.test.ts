import { expect, test } from "bun:test";
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectExecutor } from "../../src/kernel/executor/executor.ts";
import { runSimple } from "../kernel/plan/simple.ts";
import { nativeProgram } from "../native/programs.ts";
import { testContainer } from "../runtime/container.ts";
import { agent, canSupervise, notifying } from "../runtime/supervisor.ts";
import { temporaryFolder } from "../support/temporary.ts";

const isRoot = process.getuid?.() === 0;

/** An executor whose caller left folders open and closed its standard streams. */
function careless(redirections: string) {
  const child = Bun.spawn(
    ["bash", "-c", `exec 5</ 9</etc ${redirections}; exec -a inro-executor ${nativeProgram()}`],
    {
      env: {},
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    },
  );
  const descriptor = child.stdio[3] as unknown as number;
  return connectExecutor({ pid: child.pid, descriptor, exited: child.exited });
}

test("R13 the native program closes what it was given before it does anything (CVE-2024-21626)", async () => {
  using executor = careless("");
  await executor.batch([]);
  const folder = `/proc/${executor.pid}/fd`;
  expect(readdirSync(folder).sort()).toEqual(["0", "1", "2", "3"]);
  expect(readlinkSync(`${folder}/3`)).toStartWith("socket:");
});

test("R13 with 0 to 2 closed, no folder or wire becomes a standard stream (CVE-2024-21626)", async () => {
  using executor = careless("0<&- 1>&- 2>&-");
  await executor.batch([]);
  const folder = `/proc/${executor.pid}/fd`;
  expect([0, 1, 2].map((fd) => readlinkSync(`${folder}/${fd}`))).toEqual([
    "/dev/null",
    "/dev/null",
    "/dev/null",
  ]);
  expect(readdirSync(folder).length).toBe(4);
});

test.skipIf(!isRoot)(
  "R13 the program finds its three streams and no other descriptor (CVE-2024-21626)",
  async () => {
    const { output } = await runSimple({ argv: ["probe", "descriptors"] });
    expect(output).toBe("0 1 2 \n");
  },
);

test.skipIf(!isRoot)(
  "R13 a working directory cannot be one of the host's folders (CVE-2024-21626)",
  async () => {
    using folder = temporaryFolder("r13");
    writeFileSync(join(folder.path, "secret"), "the host's");
    const leak = {
      kind: "openPath",
      out: 60,
      path: folder.path,
      use: "directory",
      because: "a leak",
    } as const;
    const answers: string[] = [];
    for (let fd = 0; fd < 24; fd++) {
      const argv = ["probe", "cat", "secret"];
      const run = runSimple({ directory: `/proc/self/fd/${fd}`, build: [leak], argv });
      answers.push(
        await run.then(
          ({ output }) => output,
          (cause: unknown) => String(cause),
        ),
      );
    }
    // The attack is real: one of these descriptors is the leaked folder, and it is the check that stops it.
    expect(answers.some((answer) => answer.includes("lies outside the container's root"))).toBe(true);
    expect(answers.filter((answer) => answer === "the host's")).toEqual([]);
  },
);

test.skipIf(!canSupervise).each([false, true])(
  "R13 the listener of a seccomp filter is not the program's to answer itself (no_new_privs: %p)",
  async (noNewPrivileges) => {
    await using supervisor = await agent();
    await using c = await testContainer({
      // Whoever held it could let its own calls through (seccomp_unotify(2)).
      script: "for fd in /proc/self/fd/*; do readlink $fd; done; mkdir /tmp/x",
      process: { noNewPrivileges },
      linux: { seccomp: notifying(supervisor.socket) },
    });
    const { output } = await c.run();
    expect(output).not.toContain("seccomp");
    expect(output).toContain("Invalid cross-device link");
  },
);
