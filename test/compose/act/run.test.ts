import { expect, test } from "bun:test";
import { openClient } from "../../../src/client/client.ts";
import type { Hands } from "../../../src/compose/act/hands.ts";
import { runSteps } from "../../../src/compose/act/run.ts";
import type { Step, StepEvent } from "../../../src/compose/converge/step.ts";
import { projectOfText } from "../model/support.ts";

const names = ["a", "b", "c", "d", "e", "f"];
const project = projectOfText(`services:\n${names.map((name) => `  ${name}: { image: i }`).join("\n")}`);

/** Steps that bring images: what they do belongs to whoever runs them. */
const steps = (afterOf: Readonly<Record<string, readonly string[]>> = {}): readonly Step[] =>
  names.map((service) => ({
    id: service,
    action: { kind: "pull", service, image: "i" },
    after: afterOf[service] ?? [],
    why: "",
  }));

function hands(pull: Hands["images"]["pull"]): Hands {
  const client = openClient(() => Promise.reject(new Error("nobody is asked")));
  return { client, project, env: {}, images: { pull, build: pull, push: pull } };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

test("steps go side by side, no more than asked for, each after what it comes after", async () => {
  const began: string[] = [];
  let now = 0;
  let most = 0;
  const pull = async ({ name }: { name: string }) => {
    began.push(name);
    most = Math.max(most, ++now);
    await pause();
    now--;
  };
  await runSteps(hands(pull), steps({ a: ["f"], b: ["a"] }), { parallel: 2, tell: () => {} });
  expect(most).toBe(2);
  expect(began.toSorted()).toEqual(names);
  expect(began.indexOf("f")).toBeLessThan(began.indexOf("a"));
  expect(began.indexOf("a")).toBeLessThan(began.indexOf("b"));
  await runSteps(hands(pull), steps(), { tell: () => {} });
  expect(most).toBe(6);
});

test("the first failure is the one that is told and thrown; what has begun ends, what has not never begins", async () => {
  const ended: string[] = [];
  const events: StepEvent[] = [];
  const pull: Hands["images"]["pull"] = async ({ name }, _tell, signal) => {
    if (name === "a") throw new Error("a is broken");
    await pause();
    if (signal.aborted && name === "b") throw new Error("b is broken, too");
    ended.push(name);
  };
  const running = runSteps(hands(pull), steps({ d: ["a"], e: ["c"] }), {
    parallel: 3,
    tell: (event) => void events.push(event),
  });
  await expect(running).rejects.toThrow("a is broken");
  expect(ended).toEqual(["c"]);
  expect(events.filter(({ kind }) => kind === "failed")).toHaveLength(1);
});

test("an abort ends it with its reason once what has begun is done", async () => {
  const abort = new AbortController();
  let ended = 0;
  const pull = async () => {
    abort.abort(new Error("Ctrl-C"));
    await pause();
    ended++;
  };
  const running = runSteps(hands(pull), steps(), { parallel: 1, signal: abort.signal, tell: () => {} });
  await expect(running).rejects.toThrow("Ctrl-C");
  expect(ended).toBe(1);
});
