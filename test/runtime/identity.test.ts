import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { bootId } from "../../src/platform/boot-id.ts";
import { isAlive, startTimeOf } from "../../src/runtime/command/status.ts";
import type { StoredContainer } from "../../src/runtime/command/stored.ts";

const stored = (pid: number, startTime: string, boot = bootId()): StoredContainer => ({
  version: 1,
  ociVersion: "1.3.0",
  id: "identity",
  bundle: "/",
  rootfs: "/",
  annotations: {},
  pid,
  startTime,
  boot,
  cgroupPath: "/identity",
  cgroups: [],
  ownPids: true,
  created: "2026-01-01T00:00:00Z",
  owner: 0,
  gated: false,
  creating: false,
  hooks: {},
});

test("a process is known by pid and start time: another one with its pid is not the container (law 8)", async () => {
  const first = spawn("sleep", ["60"], { stdio: "ignore" });
  const pid = first.pid ?? 0;
  try {
    const startTime = startTimeOf(pid) ?? "";
    expect(startTime).toMatch(/^[0-9]+$/);
    expect(isAlive(stored(pid, startTime))).toBe(true);
    expect(isAlive(stored(pid, String(Number(startTime) - 1)))).toBe(false);
    // A root on disk, after a reboot.
    expect(isAlive(stored(pid, startTime, "another-boot"))).toBe(false);
  } finally {
    const ended = new Promise((resolve) => first.once("exit", resolve));
    first.kill("SIGKILL");
    await ended;
  }
  expect(isAlive(stored(pid, "0"))).toBe(false);
});
