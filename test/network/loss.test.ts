import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { rootMissing } from "../support/engine.ts";
import { make, OURS, THEIRS, world } from "./dual.ts";
import { command, type Other, ownNetwork } from "./namespace.ts";
import { engine } from "./setting.ts";

/** tc-netem(8): this kernel's, or the virtual machine's (`npm run test:vm -- test/network/loss`). */
const missing = rootMissing || !hasNetem();

function hasNetem(): boolean {
  using _own = ownNetwork();
  try {
    command("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms");
    return true;
  } catch {
    return false;
  }
}

const MEGABYTES = 2;

/** Answers with the sum of what it was sent. */
const receiver = (port: number) => `
  require("net").createServer({ allowHalfOpen: true }, (s) => {
    const sum = require("crypto").createHash("sha256");
    s.on("data", (data) => sum.update(data)).on("end", () => s.end(sum.digest("hex")));
  }).listen(${port}, "::", () => console.log("up"));`;

/** Prints whether the other side has summed what this one has sent. */
const sender = (address: string, port: number) => `
  const data = require("crypto").randomBytes(${MEGABYTES} << 20);
  const sum = require("crypto").createHash("sha256").update(data).digest("hex");
  const s = require("net").connect({ host: "${address}", port: ${port}, allowHalfOpen: true }, () => s.end(data));
  s.on("data", (told) => console.log(String(told) === sum ? "whole" : "broken"));`;

/** Echoes datagrams. */
const echo = (port: number) => `
  const s = require("dgram").createSocket("udp6");
  s.on("message", (m, from) => s.send(m, from.port, from.address)).bind(${port}, "::", () => console.log("up"));`;

const QUESTIONS = 50;

/** Asks each question until it is answered, and prints how many answers were those of other questions. */
const asker = (address: string, port: number) => `
  const s = require("dgram").createSocket("${address.includes(":") ? "udp6" : "udp4"}");
  const open = new Set(Array.from({ length: ${QUESTIONS} }, (_, n) => "question " + n));
  let strange = 0;
  const all = new Set(open);
  const ask = () => { for (const one of open) s.send(one, ${port}, "${address}"); };
  s.on("message", (m) => {
    if (!all.has(String(m))) strange++;
    open.delete(String(m));
    if (open.size === 0) { console.log("answered, strange " + strange); process.exit(0); }
  });
  ask(); setInterval(ask, 300);`;

describe.skipIf(missing)("a wire that loses, delays, doubles and reorders", () => {
  let scope: DisposableStack;
  beforeEach(() => {
    scope = new DisposableStack();
    scope.use(ownNetwork());
  });
  afterEach(() => scope.dispose());

  const start = async (where: Other, script: string) => {
    const { stdout } = where.start(process.execPath, "-e", script);
    if (stdout !== null) await once(stdout, "data");
  };
  const run = (where: Other, script: string) => where.run(process.execPath, "-e", script).trim();

  test("is no reason for a published port, or for what leaves, to break", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    await make(one, "web");
    const web = await one.join("web", "w", "8000:80", "8000:80/udp");
    await start(web, receiver(80));
    await start(web, echo(80));
    await start(outside, receiver(81));
    const bad = ["netem", "delay", "10ms", "5ms", "loss", "2%", "duplicate", "2%", "reorder", "90%"];
    const near = command("ip", "-o", "link").match(/wire\d+(?=@)/)?.[0] ?? "";
    command("tc", "qdisc", "add", "dev", near, "root", ...bad);
    outside.run("tc", "qdisc", "add", "dev", "wire", "root", ...bad);
    for (const at of [0, 1] as const) {
      expect(run(outside, sender(OURS[at], 8000))).toBe("whole");
      expect(run(web, sender(THEIRS[at], 81))).toBe("whole");
      expect(run(outside, asker(OURS[at], 8000))).toBe("answered, strange 0");
    }
  });
});
