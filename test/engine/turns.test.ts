import { describe, expect, test } from "bun:test";
import { Duplex, PassThrough } from "node:stream";
import { Mutex } from "../../src/engine/mutex.ts";
import { checkName, randomName } from "../../src/engine/names.ts";

import { timestamp } from "../../src/engine/state.ts";
import { PendingStream } from "../../src/engine/streams/pending.ts";
import { signalNumber } from "../../src/kernel/signals.ts";
import { Undo } from "../../src/oci/undo.ts";

test("turns are taken in order, also after one that failed", async () => {
  const mutex = new Mutex();
  const seen: number[] = [];
  const slow = mutex.run(async () => {
    await Bun.sleep(5);
    seen.push(1);
    throw new Error("no");
  });
  const quick = mutex.run(async () => seen.push(2));
  await expect(slow).rejects.toThrow("no");
  await quick;
  const release = await mutex.hold();
  const last = mutex.run(async () => seen.push(4));
  await Bun.sleep(2);
  seen.push(3);
  release();
  await last;
  expect(seen).toEqual([1, 2, 3, 4]);
});

test("undo runs every step, newest first, and tells all that failed", async () => {
  const seen: string[] = [];
  const failing = async () => {
    await using undo = new Undo();
    undo.add("put the first away", () => seen.push("first"));
    undo.add("put the second away", () => {
      throw new Error("stuck");
    });
    undo.add("put the third away", async () => seen.push("third"));
  };
  await expect(failing()).rejects.toThrow("could not put the second away: Error: stuck");
  expect(seen).toEqual(["third", "first"]);
});

test("undo that was released takes nothing back", async () => {
  let undone = false;
  {
    await using undo = new Undo();
    undo.add("undo it", () => {
      undone = true;
    });
    undo.release();
  }
  expect(undone).toBe(false);
});

describe("signals", () => {
  test.each([
    ["SIGTERM", 15],
    ["kill", 9],
    ["15", 15],
    ["RTMIN+3", 37],
    ["SIGRTMAX-1", 63],
  ])("%s", (text, number) => expect(signalNumber(text)).toBe(number));
  test.each(["SIGNOPE", "0", "65", "", "RTMIN+99", "9x"])("%p is none", (text) => {
    expect(() => signalNumber(text)).toThrow(/no such signal/);
  });
});

test("random names can be said and are never one that is taken", () => {
  const taken = new Set<string>();
  for (let n = 0; n < 5000; n++) taken.add(checkName(randomName((name) => taken.has(name))));
  expect(taken.size).toBe(5000);
});

test("a time keeps its nanoseconds", () => {
  expect(timestamp(1_764_000_000_123_456_789n)).toBe("2025-11-24T16:00:00.123456789Z");
});

describe("a stream to a container that does not run yet", () => {
  const wanted = { stdin: true, stdout: true, stderr: true };
  function pair(): { inner: Duplex; fromClient: PassThrough; toClient: PassThrough } {
    const fromClient = new PassThrough();
    const toClient = new PassThrough();
    return {
      inner: Duplex.from({ readable: toClient, writable: fromClient } as never),
      fromClient,
      toClient,
    };
  }
  test("what was written before the start arrives, and so does the end of input", async () => {
    const stream = new PendingStream(wanted);
    stream.end("early");
    const { inner, fromClient, toClient } = pair();
    stream.join(inner);
    expect(await new Response(fromClient as never).text()).toBe("early");
    toClient.end("answer");
    expect(await new Response(stream as never).text()).toBe("answer");
  });
  test("when there is no start, it ends", async () => {
    const stream = new PendingStream(wanted);
    stream.write("early");
    stream.leave();
    expect(await new Response(stream as never).text()).toBe("");
  });
});
