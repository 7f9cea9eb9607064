import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Served } from "../../src/api/exchange.ts";
import { serve } from "../../src/api/server.ts";
import { temporaryFolder } from "../support/temporary.ts";

const stranger = 65534;
const isRoot = process.getuid?.() === 0;
const canTry = isRoot && existsSync("/usr/bin/curl") && existsSync("/usr/bin/setpriv");

/** What another user of the host gets from the socket: curl's exit code and the HTTP status. */
async function ping(socket: string, ...groups: string[]): Promise<{ code: number; status: string }> {
  const identity = ["--reuid", String(stranger), "--regid", String(stranger)];
  const group = groups.length === 0 ? ["--clear-groups"] : ["--groups", groups.join()];
  const curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", socket];
  const child = Bun.spawn(["setpriv", ...identity, ...group, ...curl, "http://inro/nothing"], {
    stdout: "pipe",
  });
  return { status: await new Response(child.stdout).text(), code: await child.exited };
}

test.skipIf(!canTry)("R16 another user of the host cannot reach the API (CVE-2020-15257)", async () => {
  using folder = temporaryFolder("r16");
  chmodSync(folder.path, 0o755);
  const socket = join(folder.path, "inro.sock");
  const api = await serve({} as Served, { socket, group: null });
  try {
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(await ping(socket)).toEqual({ code: 7, status: "000" });
    // Nor is there an abstract name beside the file's, which no mode would guard.
    const names = readFileSync("/proc/net/unix", "utf8")
      .split("\n")
      .filter((line) => line.includes(folder.path));
    expect(names.map((line) => line.includes(` ${socket}`))).toEqual([true]);
  } finally {
    await api.close();
  }
  expect(existsSync(socket)).toBe(false);
});

test.skipIf(!canTry)("R16 a chosen group can, and nobody else", async () => {
  using folder = temporaryFolder("r16");
  chmodSync(folder.path, 0o755);
  const socket = join(folder.path, "inro.sock");
  const group = 54321;
  const api = await serve({} as Served, { socket, group });
  try {
    expect([statSync(socket).mode & 0o777, statSync(socket).gid]).toEqual([0o660, group]);
    expect(await ping(socket, String(group))).toEqual({ code: 0, status: "404" });
    expect((await ping(socket)).code).toBe(7);
  } finally {
    await api.close();
  }
});

test("a second daemon does not take the socket of one that answers, but that of a dead one", async () => {
  using folder = temporaryFolder("r16");
  const socket = join(folder.path, "inro.sock");
  const first = await serve({} as Served, { socket, group: null });
  await expect(serve({} as Served, { socket, group: null })).rejects.toMatchObject({ code: "SOCKET_IN_USE" });
  await first.close();
  const dead = `require("node:net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", dead]);
  expect(existsSync(socket)).toBe(true);
  const second = await serve({} as Served, { socket, group: null });
  await second.close();
});
