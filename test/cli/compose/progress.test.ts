import { describe, expect, test } from "bun:test";
import { dryText } from "../../../src/cli/compose/progress/dry.ts";
import { failureMessage, lastLines, statusOf } from "../../../src/cli/compose/progress/failure.ts";
import { jsonText } from "../../../src/cli/compose/progress/json.ts";
import { liveView } from "../../../src/cli/compose/progress/live.ts";
import { plainText } from "../../../src/cli/compose/progress/plain.ts";
import {
  all,
  makeDb,
  makeWeb,
  network,
  removeWeb,
  renameWeb,
  startDb,
  startWeb,
  step,
  waitDb,
} from "./steps.ts";

const paint = (_: string, text: string) => text;

describe("steps as lines", () => {
  const text = plainText(all);
  const told = (...events: Parameters<typeof text>[0][]) => events.map(text).join("");

  test("are compose v2's: the object, two spaces, the state", () => {
    expect(
      told(
        { kind: "started", step: network },
        { kind: "done", step: network },
        { kind: "started", step: makeDb },
        { kind: "done", step: makeDb },
        { kind: "started", step: waitDb },
        { kind: "done", step: waitDb },
      ),
    ).toBe(
      [
        " Network app_default  Creating",
        " Network app_default  Created",
        " Container app-db-1  Creating",
        " Container app-db-1  Created",
        " Container app-db-1  Waiting",
        " Container app-db-1  Healthy",
        "",
      ].join("\n"),
    );
  });

  test("a container that takes another one's place is Recreated, by its own name; how that is done is not told", () => {
    expect(
      told(
        { kind: "started", step: makeWeb },
        { kind: "done", step: makeWeb },
        { kind: "started", step: removeWeb },
        { kind: "done", step: removeWeb },
        { kind: "started", step: renameWeb },
        { kind: "done", step: renameWeb },
        { kind: "done", step: startWeb },
      ),
    ).toBe(
      " Container app-web-1  Recreate\n Container app-web-1  Recreated\n Container app-web-1  Started\n",
    );
  });

  test("a failure says why on one line", () => {
    const error = new Error("cannot start it:\n  no such program");
    expect(told({ kind: "failed", step: startDb, error })).toBe(
      " Container app-db-1  Error cannot start it:; no such program\n",
    );
  });

  test("volumes stand in quotes when they are made, as with compose v2", () => {
    const volume = step("v", { kind: "create volume", key: "data", name: "app_data" });
    expect(told({ kind: "done", step: volume })).toBe(' Volume "app_data"  Created\n');
  });
});

test("--progress json: an object each, with how far a pull is", () => {
  const pull = step("pull db", { kind: "pull", service: "db", image: "postgres" });
  const text = jsonText([pull]);
  expect(
    JSON.parse(text({ kind: "progress", step: pull, text: "Pulling", current: 30, total: 120 })),
  ).toEqual({
    ...{ id: "db", status: "Working", text: "Pulling", current: 30, total: 120, percent: 25 },
  });
  expect(text({ kind: "warning", text: "mind" })).toBe('{"status":"Warning","text":"mind"}\n');
});

describe("steps on a terminal", () => {
  const size = { rows: 30, columns: 80 };
  const view = () => liveView(all, { verb: "up", paint });

  test("a line each, with its state and its time; what waits says for what", () => {
    const live = view();
    live.apply({ kind: "started", step: network }, 1000);
    live.apply({ kind: "done", step: network }, 1200);
    live.apply({ kind: "done", step: makeDb }, 1300);
    for (const each of [makeWeb, removeWeb, renameWeb]) live.apply({ kind: "done", step: each }, 1400);
    live.apply({ kind: "done", step: startDb }, 1500);
    live.apply({ kind: "started", step: waitDb }, 1500);
    expect(live.frame(3000, size)).toEqual([
      "up 2.0s, 1 of 3",
      " ✔ Network app_default  Created  0.2s",
      " ◌ Container app-db-1   Waiting  1.7s",
      " ◌ Container app-web-1  waits for db to be healthy",
    ]);
    live.apply({ kind: "done", step: waitDb }, 3100);
    live.apply({ kind: "started", step: startWeb }, 3100);
    expect(live.frame(3100, size).slice(2)).toEqual([
      " ✔ Container app-db-1   Healthy  1.8s",
      " ⠙ Container app-web-1  Starting  1.7s",
    ]);
    live.apply({ kind: "done", step: startWeb }, 3200);
    expect(live.frame(3200, size)[0]).toBe("up 2.2s, 3 of 3");
  });

  test("a pull has a bar, and no line is wider than the screen", () => {
    const pull = step("pull db", { kind: "pull", service: "db", image: "postgres" });
    const live = liveView([pull], { verb: "pull", paint });
    live.apply({ kind: "started", step: pull }, 0);
    live.apply({ kind: "progress", step: pull, text: "Pulling", current: 5e6, total: 1e7 }, 100);
    expect(live.frame(100, size)[1]).toBe(` ⠙ db  Pulling  ${"━".repeat(20)} 5MB / 10MB  0.1s`);
    for (const columns of [20, 40, 60])
      for (const line of live.frame(100, { rows: 30, columns }))
        expect(Bun.stringWidth(line)).toBeLessThan(columns);
  });

  test("more than the screen has rows: what is done makes way", () => {
    const steps = Array.from({ length: 50 }, (_, i) =>
      step(`start ${i}`, { kind: "start", service: "web", container: `app-web-${i}` }),
    );
    const live = liveView(steps, { verb: "up", paint });
    for (const each of steps.slice(0, 48)) live.apply({ kind: "done", step: each }, 0);
    live.apply({ kind: "started", step: steps[48] as never }, 0);
    const frame = live.frame(0, { rows: 10, columns: 80 });
    expect(frame.length).toBeLessThan(10);
    expect(frame.join("\n")).toContain("app-web-48");
    expect(frame.at(-1)).toContain("and 48 more");
  });
});

test("--dry-run: what, after what, and why", () => {
  expect(dryText(all).replace(/ {2,}/g, " | ").split("\n").slice(0, 5)).toEqual([
    "STEP | WHAT | AFTER | WHY",
    "1 | create network app_default | it is not there",
    "2 | create container app-db-1 | 1 | it is not there",
    "3 | start container app-db-1 | 2 | it is not there",
    "4 | wait for db to be healthy | 3 | it is not there",
  ]);
  expect(dryText([])).toBe("nothing is to be done\n");
});

test("the failure names the service, ends as docker compose does, and shows the last lines", () => {
  const pull = step("pull db", { kind: "pull", service: "db", image: "postgres" });
  const failed = { kind: "failed", step: pull, error: new Error("no such image") } as const;
  expect(failureMessage(failed)).toBe('service "db": no such image');
  expect([statusOf(failed), statusOf({ ...failed, step: startDb })]).toEqual([18, 1]);
  expect(lastLines({ ...failed, step: startDb, logs: ["a", "b"] }, paint)).toBe("  │ a\n  │ b\n");
});
