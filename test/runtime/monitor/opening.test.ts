import { afterAll, describe, expect, test } from "bun:test";
import { connectMonitor } from "../../../src/runtime/monitor/monitor.ts";
import type { ExecRequest } from "../../../src/runtime/runtime.ts";
import { process as typicalProcess } from "../compile/spec.ts";
import { canRun, removeTestCgroups, type TestContainer, testContainer } from "../container.ts";
import { everything, unframe, until } from "./container.ts";

afterAll(removeTestCgroups);

const request = (id: string, script: string): ExecRequest => ({
  id,
  process: { ...typicalProcess, rlimits: [], args: ["sh", "-c", script] },
  openStdin: false,
  attach: { stdin: false, stdout: true, stderr: true },
});

/** Far less than what the monitor grants a program that is slow to begin, and enough for a machine that is. */
const SOON_MS = 5000;

/** What the monitor says of the container to somebody else, who does not want to wait. */
async function asked(c: TestContainer, session = ""): Promise<string> {
  const began = performance.now();
  const other = await connectMonitor({ folder: c.folder, socketFolder: c.request.socketFolder });
  if (other === undefined) throw new Error("there is no monitor");
  const { status } = await other.state(session);
  other.close();
  expect(performance.now() - began).toBeLessThan(SOON_MS);
  return status;
}

/** Settles to itself, or to "waiting" when it does not soon. */
const soon = <T>(work: Promise<T>): Promise<T | "waiting"> =>
  Promise.race([work, Bun.sleep(300).then(() => "waiting" as const)]);

describe.skipIf(!canRun)("a program that is slow to begin keeps nobody else waiting", () => {
  test("an exec into a paused container begins when it is resumed, and meanwhile the monitor answers", async () => {
    await using c = await testContainer({ script: "sleep 1000" });
    const container = await c.create();
    await container.start();
    await container.pause();
    const executing = container.exec(request("frozen", "echo thawed"));
    expect(await soon(executing)).toBe("waiting");
    expect(await asked(c)).toBe("running");
    expect(await asked(c, "frozen")).toBe("created");
    await expect(container.exec(request("frozen", "true"))).rejects.toMatchObject({
      message: expect.stringContaining("the session exists"),
    });
    await container.resume();
    const session = await executing;
    expect(unframe(await everything(session.stream)).stdout).toBe("thawed\n");
    expect((await session.exited).code).toBe(0);
  });

  test("a container can be killed while execs wait in it", async () => {
    await using c = await testContainer({ script: "sleep 1000" });
    const container = await c.create();
    await container.start();
    await container.pause();
    const executing = ["one", "two", "three"].map((id) => container.exec(request(id, "echo never")));
    for (const one of executing) one.catch(() => {});
    expect(await soon(Promise.race(executing))).toBe("waiting");
    await container.signal(9);
    expect((await container.exited).signal).toBe(9);
    for (const one of await Promise.allSettled(executing)) expect(one.status).toBe("rejected");
  });

  test("a start whose hook takes its time is a start that can be watched and broken off", async () => {
    const hook = { path: "/bin/sh", args: ["sh", "-c", "sleep 1000"], env: ["PATH=/bin"] };
    await using c = await testContainer({ spec: { hooks: { startContainer: [hook] } } });
    const container = await c.create();
    const starting = container.start();
    starting.catch(() => {});
    expect(await soon(starting)).toBe("waiting");
    expect(await asked(c)).toBe("running");
    await expect(container.exec(request("early", "true"))).rejects.toMatchObject({ code: "NOT_RUNNING" });
    await container.signal(9);
    await expect(starting).rejects.toBeDefined();
    expect((await container.exited).signal).toBe(9);
  });

  test("an exec whose client went away before it began is ended", async () => {
    await using c = await testContainer({ script: "sleep 1000" });
    const container = await c.create();
    await container.start();
    await container.pause();
    const client = Bun.spawn([process.execPath, "-e", clientOf(c)], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    await until(async () => (await asked(c, "left")) === "created", "the exec waits");
    client.kill("SIGKILL");
    await client.exited;
    await until(async () => (await asked(c, "left")) === "unknown", "the exec is forgotten");
    await container.resume();
    await until(async () => (await container.processes()).length === 1, "its process is gone");
  });
});

/** A program that asks for an exec and never gets an answer. */
const clientOf = (c: TestContainer): string => `
  const { openRuntime } = await import(${JSON.stringify(`${import.meta.dir}/../../../src/runtime/open.ts`)});
  const runtime = await openRuntime({ native: "/", execRoot: ${JSON.stringify(`${c.folder}/run`)} });
  const found = await runtime.reconnect(${JSON.stringify(c.id)}, ${JSON.stringify(c.folder)}, ${JSON.stringify(c.request.socketFolder)});
  await found.exec(${JSON.stringify(request("left", "sleep 1000"))});
`;
