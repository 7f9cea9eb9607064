import { describe, expect, test } from "bun:test";
import { PassThrough } from "node:stream";
import { goDuration } from "../../../src/engine/clock.ts";
import { mergeImage } from "../../../src/engine/create/merge.ts";
import { type HealthCheck, healthCheckOf } from "../../../src/engine/health/check.ts";
import { atEnd, atStart, dueIn, type Health, judge, lastSeen } from "../../../src/engine/health/health.ts";
import { listen } from "../../../src/engine/health/output.ts";
import { DEFAULT_OPTIONS } from "../../../src/engine/options.ts";
import { options } from "../sample.ts";

const startedAt = "2026-11-24T02:00:00.000000000Z";
const check: HealthCheck = {
  command: ["check"],
  interval: 30_000,
  timeout: 30_000,
  startPeriod: 10_000,
  startInterval: 1_000,
  retries: 2,
  onFailure: "none",
};

/** Looked at so many seconds after the start. */
const seen = (health: Health, exitCode: number, seconds: number, output = "") => {
  const time = new Date(Date.parse(startedAt) + seconds * 1000).toISOString();
  return judge(health, { start: time, end: time, exitCode, output }, check, startedAt);
};

describe("what results make of a container's health", () => {
  test("it is starting until it was well once, or failed often enough in a row", () => {
    let health = atStart(null);
    expect(health).toEqual({ status: "starting", failingStreak: 0, log: [] });
    health = seen(health, 1, 20);
    expect([health.status, health.failingStreak]).toEqual(["starting", 1]);
    health = seen(health, -1, 50);
    expect([health.status, health.failingStreak]).toEqual(["unhealthy", 2]);
    health = seen(health, 0, 80);
    expect([health.status, health.failingStreak]).toEqual(["healthy", 0]);
    health = seen(health, 1, 110);
    expect([health.status, health.failingStreak]).toEqual(["healthy", 1]);
  });

  test("failures within the start period do not count, until it was well", () => {
    let health = atStart(null);
    for (let second = 1; second < 10; second++) health = seen(health, 1, second);
    expect([health.status, health.failingStreak]).toEqual(["starting", 0]);
    const well = seen(health, 0, 9);
    expect(seen(well, 1, 9.5).failingStreak).toBe(1);
  });

  test("the last five results are kept, also those of the run before", () => {
    let health = atStart(null);
    for (let second = 1; second < 9; second++) health = seen(health, 0, second, String(second));
    expect(health.log.map(({ output }) => output)).toEqual(["4", "5", "6", "7", "8"]);
    expect(atStart(health)).toEqual({ ...health, status: "starting" });
    expect(atEnd(health)?.status).toBe("unhealthy");
    expect(atEnd(null)).toBeNull();
  });

  test("it is looked at an interval after the last look; often while it starts", () => {
    const start = new Date().toISOString();
    const fresh = atStart(null);
    const now = Date.parse(start);
    expect(lastSeen(fresh, start)).toBe(now);
    expect(dueIn(fresh, check, start, now)).toBeLessThanOrEqual(1000);
    expect(dueIn({ ...fresh, status: "healthy" }, check, start, now)).toBeGreaterThan(1000);
    expect(dueIn(fresh, { ...check, startPeriod: 0 }, start, now)).toBeGreaterThan(1000);
    // What is overdue is due, and a clock that was set back does not put it off.
    expect(dueIn(fresh, check, startedAt, Date.parse(startedAt))).toBe(0);
    expect(dueIn(fresh, check, startedAt, now + 3_600_000)).toBe(30_000);
  });
});

describe("what is to be checked", () => {
  const health = { ...DEFAULT_OPTIONS.health, test: ["CMD-SHELL", "curl -f localhost"] };
  test("Docker's defaults; the image's shell runs lines; NONE and kinds that nobody knows are none", () => {
    expect(healthCheckOf(options({ health }))).toEqual({
      command: ["/bin/sh", "-c", "curl -f localhost"],
      interval: 30_000,
      timeout: 30_000,
      startPeriod: 0,
      startInterval: 5_000,
      retries: 3,
      onFailure: "none",
    });
    expect(healthCheckOf(options({ health, shell: ["/bin/bash", "-ec"] }))?.command[0]).toBe("/bin/bash");
    const of = (...words: string[]) => healthCheckOf(options({ health: { ...health, test: words } }));
    expect(of("CMD", "/check", "-v")?.command).toEqual(["/check", "-v"]);
    for (const words of [[], ["NONE"], ["CMD"], ["CMD-SHELL"], ["PING", "x"]])
      expect(of(...words)).toBeNull();
  });

  test("the image's fields where nothing else was asked for, one by one", () => {
    const image = {
      ...{ User: "", ExposedPorts: {}, Env: [], Entrypoint: null, Cmd: null, Volumes: {}, WorkingDir: "" },
      ...{ Labels: {}, StopSignal: "", StopTimeout: null, OnBuild: null },
      Shell: ["/bin/bash", "-c"],
      Healthcheck: {
        Test: ["CMD", "old"],
        Interval: 1,
        Timeout: 2,
        StartPeriod: 3,
        StartInterval: 4,
        Retries: 5,
      },
    };
    const merged = (change: object) =>
      mergeImage(options({ health: { ...DEFAULT_OPTIONS.health, ...change } }), image);
    expect(merged({}).health.test).toEqual(["CMD", "old"]);
    expect(merged({}).shell).toEqual(["/bin/bash", "-c"]);
    expect(merged({ interval: 9, retries: 8 }).health).toEqual({
      test: ["CMD", "old"],
      interval: 9,
      timeout: 2,
      startPeriod: 3,
      startInterval: 4,
      retries: 8,
    });
    expect(merged({ test: ["NONE"] }).health.test).toEqual(["NONE"]);
  });
});

test("what a probe says is bounded, however its frames are cut (R17)", async () => {
  const frame = (type: number, text: string) => {
    const head = Buffer.alloc(8);
    head[0] = type;
    head.writeUInt32BE(text.length, 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const bytes = Buffer.concat([frame(1, "out"), frame(2, ""), frame(2, "err"), frame(1, "x".repeat(10_000))]);
  for (const size of [1, 3, 8, 4096, bytes.length]) {
    const stream = new PassThrough();
    const heard = listen(stream);
    for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
    stream.end();
    await new Promise((resolve) => stream.once("end", resolve));
    expect(heard.text()).toBe(`outerr${"x".repeat(4090)}...`);
  }
});

test("durations are told as Go tells them", () => {
  expect([100, 1000, 2500, 30_000, 60_000, 90_500, 3_600_000].map(goDuration)).toEqual([
    "100ms",
    "1s",
    "2.5s",
    "30s",
    "1m0s",
    "1m30.5s",
    "1h0m0s",
  ]);
});
