import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { screen } from "../../clients/screen.ts";
import { ownHost } from "../../support/host.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { cliEngine, engineMissing } from "../engine.ts";

/** Writes once, then waits for its end. */
const lasting = (text: string, code: number) =>
  `sh -c 'trap "echo ${text} ends; exit ${code}" TERM; echo ${text}; while true; do sleep 0.05; done'`;

const files = {
  pair: `
services:
  first: { image: busybox, command: ${JSON.stringify(lasting("first", 4))} }
  second: { image: busybox, command: ${JSON.stringify(lasting("second", 5))}, depends_on: [first] }
`,
  ends: `
services:
  quick: { image: busybox, command: sh -c 'echo quick; exit 3' }
  slow: { image: busybox, command: ${JSON.stringify(lasting("slow", 0))} }
`,
  alone: `
services:
  ok: { image: busybox, command: echo fine }
  bad: { image: busybox, command: sh -c 'echo wrong >&2; exit 9' }
  unseen: { image: busybox, command: echo hidden, attach: false }
`,
  again: `
services:
  again: { image: busybox, restart: on-failure:2, command: sh -c 'echo life; exit 1' }
`,
  deaf: `
services:
  deaf: { image: busybox, command: sh -c 'echo deaf; trap "" TERM; while true; do sleep 0.05; done', stop_grace_period: 60s }
`,
  waits: `
services:
  web: { image: busybox, command: sleep 600, stop_signal: KILL, depends_on: { db: { condition: service_healthy } } }
  db:
    image: busybox
    command: sh -c 'sleep 1; touch /ready; sleep 600'
    stop_signal: KILL
    healthcheck: { test: ls /ready, interval: 100ms, retries: 100 }
`,
  fails: `
services:
  web: { image: busybox, command: sleep 600, depends_on: { db: { condition: service_healthy } } }
  db:
    image: busybox
    command: sh -c 'echo beginning; echo cannot open the files; exit 7'
    healthcheck: { test: "true", interval: 10s }
`,
} as const;

type Name = keyof typeof files;

describe.skipIf(engineMissing)("inro compose up in the foreground, and on a terminal", () => {
  const cli = cliEngine(ownHost);
  const folder = temporaryFolder("compose-foreground");
  const line = (name: Name, ...words: string[]) => [
    ...["compose", "-f", join(folder.path, `${name}.yaml`), "-p", name],
    ...words,
  ];
  const run = (name: Name, ...words: string[]) => cli.inro(...line(name, ...words));
  const onScreen = (name: Name, ...words: string[]) =>
    screen([...cli.engine.command, ...line(name, ...words)]);

  beforeAll(() => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, `${name}.yaml`), text);
  });
  // Containers go with their engine.
  afterAll(() => folder[Symbol.dispose]());

  test("shows what containers write, their errors on standard error, and ends with the last of them", async () => {
    const { code, stdout, stderr } = await run("alone", "up");
    expect(code).toBe(0);
    expect(stdout).toStartWith("Attaching to bad-1, ok-1\n");
    expect(stdout).toContain("ok-1   | fine\n");
    expect(stdout).toContain("bad-1 exited with code 9\n");
    expect(stderr).toContain("bad-1  | wrong\n");
    expect(stdout + stderr).not.toContain("hidden");
    // A second time shows the second life only.
    expect((await run("alone", "up", "--no-log-prefix", "ok")).stdout).toBe(
      "Attaching to ok-1\nfine\nok-1 exited with code 0\n",
    );
    expect((await run("alone", "up", "--no-attach", "ok", "--no-attach", "bad")).stdout).toBe("");
    expect((await run("alone", "up", "--attach", "bad")).stdout).toBe(
      "Attaching to bad-1\nbad-1 exited with code 9\n",
    );
  }, 30_000);

  test("--abort-on-container-exit, --abort-on-container-failure and --exit-code-from stop the rest", async () => {
    const abort = await run("ends", "up", "--abort-on-container-exit");
    expect(abort.code).toBe(3);
    expect(abort.stdout).toContain("slow-1   | slow ends\n");
    expect(abort.stderr).toMatch(/Aborting on container exit\.\.\.\n Container ends-slow-1 {2}Stopping\n/);
    expect((await run("ends", "up", "--abort-on-container-failure")).code).toBe(3);
    expect((await run("ends", "up", "--exit-code-from", "slow")).code).toBe(0);
    expect((await run("ends", "ps", "-q")).stdout).toBe("");
  }, 30_000);

  test("what its restart policy starts again goes on being shown", async () => {
    const { stdout } = await run("again", "up");
    expect(stdout.match(/^again-1 {2}\| life$/gm)?.length).toBe(3);
    expect(stdout.match(/^again-1 exited with code 1$/gm)?.length).toBe(3);
  }, 30_000);

  test("Ctrl-C stops in order, those that depend on others first, and ends as an interrupted program", async () => {
    using shown = onScreen("pair", "up");
    await shown.shows("second-1  |");
    shown.type("\x03");
    expect(await shown.exited).toBe(130);
    expect(shown.text).toContain("Gracefully stopping... (press Ctrl+C again to force)");
    const plain = Bun.stripANSI(shown.text);
    expect(plain).toContain("second-1  | second ends");
    expect(plain.indexOf("second-1  | second ends")).toBeLessThan(plain.indexOf("first-1   | first ends"));
    expect((await run("pair", "ps", "-a", "--format", "{{.Service}} {{.ExitCode}}")).stdout).toBe(
      "first 4\nsecond 5\n",
    );
  }, 30_000);

  test("a second Ctrl-C kills what does not heed the first", async () => {
    using shown = onScreen("deaf", "up");
    await shown.shows("deaf-1  |");
    shown.type("\x03");
    await shown.shows("Stopping");
    shown.type("\x03");
    expect(await shown.exited).toBe(130);
    expect((await run("deaf", "ps", "-a", "--format", "{{.ExitCode}}")).stdout).toBe("137\n");
  }, 30_000);

  test("on a terminal a line each says what is waited for", async () => {
    using shown = onScreen("waits", "up", "-d");
    await shown.shows("waits for db to be healthy");
    expect(await shown.exited).toBe(0);
    const last = Bun.stripANSI(shown.text.slice(shown.text.lastIndexOf("\x1b[?2026h")));
    expect(last).toMatch(/up \d+\.\ds, 3 of 3/);
    expect(last).toMatch(/✔ Container waits-db-1 +Healthy {2}\d/);
    expect(last).toMatch(/✔ Container waits-web-1 +Started {2}\d/);
    using again = onScreen("waits", "up", "-d");
    expect(await again.exited).toBe(0);
    expect(Bun.stripANSI(again.text)).toBe("✔ all 2 containers run as the file says\r\n");
    using narrow = onScreen("waits", "down");
    narrow.resize(10, 30);
    expect(await narrow.exited).toBe(0);
  }, 30_000);

  test("the first failure is shown with the service's last lines", async () => {
    const { code, stderr } = await run("fails", "up", "-d");
    expect(code).toBe(1);
    expect(stderr).toContain("  │ beginning\n  │ cannot open the files\n");
    expect(stderr).toMatch(/inro: the service "db" did not become healthy: .*exited with code 7.*\n$/);
    using shown = onScreen("fails", "up", "-d");
    expect(await shown.exited).toBe(1);
    expect(Bun.stripANSI(shown.text)).toMatch(/✘ Container fails-db-1 +Failed/);
    expect(Bun.stripANSI(shown.text)).toContain("│ cannot open the files");
  }, 30_000);

  test("logs -f shows what comes later, and ends when nothing runs any more", async () => {
    await run("pair", "up", "-d", "first");
    using shown = onScreen("pair", "logs", "-f");
    await shown.shows(/first-1 +\|/);
    await run("pair", "up", "-d");
    await shown.shows(/second-1 +\|/);
    await run("pair", "stop");
    expect(await shown.exited).toBe(0);
    const plain = Bun.stripANSI(shown.text);
    expect(plain).toContain("second-1  | second ends\r\n");
    expect(plain).toContain("first-1 exited with code 4\r\n");
    // Those of several lives of two containers stand in the order of their times.
    const all = (await run("pair", "logs", "-t")).stdout.trim().split("\n");
    const times = all.map((one) => one.split("| ")[1]?.split(" ")[0] ?? "");
    expect(times.length).toBeGreaterThan(4);
    expect(new Set(all.map((one) => one.split(" ")[0]))).toEqual(new Set(["first-1", "second-1"]));
    expect(times).toEqual(times.toSorted());
  }, 30_000);
});
