import { expect, test } from "bun:test";
import { frames } from "../../../src/kernel/plan/frames.ts";

/** What monitors of every version understand, number and fields: not to be changed, whatever MONITOR_VERSION says. */
const always = {
  exited: "8 pid:u32 code:u32 signal:u32 oomKilled:flag startedAt:u64 finishedAt:u64 lostBytes:u64",
  error: "9 errno:i32 text:text",
  hello: "32 version:u32 pid:u32 session:text",
  state: "33 session:text",
  stateIs: "34 state:u32 pid:u32 startedAt:u64 terminal:flag",
  attach: "36 session:text stdin:flag stdout:flag stderr:flag logs:flag",
  attached: "37 terminal:flag",
  signal: "38 session:text signal:u32",
  resize: "39 session:text rows:u32 columns:u32",
  wait: "40 session:text",
  reopenLog: "41",
  clearLog: "48",
  closeStdin: "42 session:text",
  names: "44",
  awaitNames: "47",
  query: "45 peer:u64 stream:flag data:bytes",
  reply: "46 peer:u64 data:bytes",
  awaitKills: "49 known:u32",
  kills: "50 count:u32",
  done: "43",
};

test("12 the frames by which an older monitor is looked at, stopped and waited for are what they were", () => {
  const now = Object.entries(frames).map(([name, { type, fields }]) => {
    const parts = Object.entries(fields).map(([field, { type }]) => ` ${field}:${type}`);
    return [name, `${type}${parts.join("")}`];
  });
  expect(Object.fromEntries(now)).toMatchObject(always);
});
