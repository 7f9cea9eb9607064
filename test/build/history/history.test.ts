import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { openHistory } from "../../../src/build/history/history.ts";
import { smallDisk, smallDiskMissing } from "../../support/small-disk.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const about = (id: string) => ({
  id,
  dockerfile: "Dockerfile",
  context: "/app",
  target: null,
  names: ["x:1"],
});
const output = (text: string) =>
  ({ type: "output", step: 1, stream: "stdout", data: Buffer.from(text) }) as const;
const end = { state: "done", image: "sha256:1", error: "" } as const;

describe("the history of builds", () => {
  test("has a record of each, and what it told", () => {
    using folder = temporaryFolder("history");
    const history = openHistory(folder.path);
    const recording = history.begin(about("aa11"));
    expect(history.list()).toMatchObject([{ id: "aa11", state: "running", endedAt: null }]);
    recording.tell({ type: "build", id: "aa11" });
    recording.tell(output("h\xc3".slice(0, 1)));
    recording.tell({ type: "ended", step: 1, at: 5, outcome: { kind: "cached", why: "it was" } });
    recording.end(end);
    const [record] = history.list();
    expect(record).toMatchObject({ state: "done", image: "sha256:1", steps: { done: 0, cached: 1 } });
    const lines = readFileSync(history.logOf(history.find("aa")), "utf8")
      .trim()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(["build", "output", "ended"]);
    expect(statSync(history.logOf(history.find("aa"))).mode & 0o777).toBe(0o600);
    expect(() => history.find("b")).toThrow("no build of that id is kept");
    history.begin(about("aa22")).end(end);
    expect(() => history.find("aa")).toThrow("2 ids begin with it");
  });

  test("keeps so many builds and so many bytes; output is cut, how it ended is not", () => {
    using folder = temporaryFolder("history");
    const history = openHistory(folder.path, { builds: 3, bytes: 40_000 });
    for (let n = 0; n < 6; n++) history.begin(about(`b${n}`)).end(end);
    expect(history.list()).toHaveLength(3);
    const loud = history.begin(about("loud"));
    for (let n = 0; n < 1000; n++) loud.tell(output("x".repeat(1000)));
    loud.tell({ type: "ended", step: 1, at: 5, outcome: { kind: "done", why: "" } });
    loud.end(end);
    const log = readFileSync(history.logOf(history.find("loud")), "utf8");
    expect(log.length).toBeLessThan(14_000);
    expect(log).toContain("the log is full");
    expect(log).toContain('"ended"');
    for (let n = 0; n < 5; n++) {
      const next = history.begin(about(`l${n}`));
      for (let each = 0; each < 15; each++) next.tell(output("x".repeat(1000)));
      next.end(end);
    }
    const bytes = history.list().map((record) => statSync(history.logOf(record)).size);
    expect(bytes.reduce((a, b) => a + b)).toBeLessThanOrEqual(40_000);
  });

  test("says of what an engine that ended was at that it is lost, and what is no record goes", () => {
    using folder = temporaryFolder("history");
    openHistory(folder.path).begin(about("cc"));
    mkdirSync(join(folder.path, "junk"));
    expect(openHistory(folder.path).list()).toMatchObject([{ id: "cc", state: "lost" }]);
    expect(existsSync(join(folder.path, "junk"))).toBe(false);
  });

  test.skipIf(smallDiskMissing)("ends no build where it cannot be written", async () => {
    await using disk = await smallDisk(8 * 1024 * 1024);
    const folder = disk.seen("history");
    const history = openHistory(folder);
    const before = history.begin(about("dd"));
    await disk.fill();
    for (let n = 0; n < 100; n++) before.tell(output("x".repeat(1000)));
    before.end(end);
    const full = history.begin(about("ee"));
    full.tell(output("x"));
    full.end(end);
    expect(history.list().filter(({ state }) => state === "running")).toEqual([]);
    expect(openHistory(folder).list().length).toBeLessThanOrEqual(1);
  });
});
