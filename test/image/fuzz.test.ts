import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { frame, kind } from "../../src/image/tree/frames.ts";
import { Outbox } from "../../src/image/tree/outbox.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { native } from "./fixtures.ts";

/** The same numbers every time. */
function numbers(seed: number): (below: number) => number {
  let count = 0;
  return (below) => createHash("sha256").update(`${seed}:${count++}`).digest().readUInt32LE() % below;
}

/** A session as it should be, as bytes. */
function session(root: string): Buffer {
  const outbox = new Outbox();
  const request = (type: number, fill: () => void) => {
    outbox.begin(type);
    fill();
    outbox.end();
  };
  const none = {
    target: "",
    uid: 1,
    gid: 2,
    mtime: { seconds: 3, nanoseconds: 4 },
    size: 0,
    major: 0,
    minor: 0,
    mode: 0o644,
    xattrs: [],
  };
  request(frame.root, () => {
    outbox.u32(0);
    outbox.string(root);
  });
  request(frame.apply, () => {
    outbox.string("");
    for (const value of [2, 0, 0]) outbox.u32(value);
  });
  outbox.entry({ ...none, kind: kind.directory, path: "a/b", xattrs: [["user.x", Buffer.from("value")]] });
  outbox.entry({ ...none, kind: kind.file, path: "a/b/c", size: 10 });
  outbox.data(Buffer.from("0123456789"));
  outbox.entry({ ...none, kind: kind.symlink, path: "a/link", target: "b/c" });
  outbox.entry({ ...none, kind: kind.hardlink, path: "hard", target: "a/b/c" });
  outbox.entry({ ...none, kind: kind.whiteout, path: "a/gone" });
  outbox.entry({ ...none, kind: kind.opaque, path: "a" });
  request(frame.end, () => {});
  for (const type of [frame.read, frame.stat]) {
    request(type, () => {
      outbox.string("a");
      outbox.u32(0);
    });
  }
  request(frame.lower, () => {
    outbox.u32(1);
    outbox.string(root);
  });
  request(frame.inherit, () => outbox.string("a/b"));
  return Buffer.from(outbox.view());
}

function damaged(bytes: Buffer, random: (below: number) => number, keep: number): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 1 + random(4); i > 0; i--) {
    const at = keep + random(copy.length - keep);
    const how = random(3);
    if (how === 0) copy[at] = random(256);
    else if (how === 1)
      copy.writeUInt32LE(
        [0, 1, 8, 0x7fffffff, 0xffffffff, 786_440][random(6)] ?? 0,
        Math.min(at, copy.length - 4),
      );
    else copy.copyWithin(at, keep + random(copy.length - keep));
  }
  return random(4) === 0 ? copy.subarray(0, keep + random(copy.length - keep)) : copy;
}

test.skipIf(rootMissing)(
  "a damaged session never crashes the native side, and never reaches outside its root",
  async () => {
    using folder = temporaryFolder("fuzz");
    const root = join(folder.path, "root");
    mkdirSync(root);
    const bytes = session(root);
    // The root's own frame stays whole: it is the one place where a path of the host is meant.
    const keep = 4 + bytes.readUInt32LE(0);
    for (let seed = 0; seed < Number(process.env["INRO_FUZZ"] ?? 150); seed++) {
      const child = Bun.spawn([native], {
        argv0: "inro-tree",
        env: {},
        stdio: ["ignore", "ignore", "pipe", "pipe"],
      });
      const { connect } = await import("node:net");
      const socket = (connect as unknown as (options: { fd: unknown }) => import("node:net").Socket)({
        fd: child.stdio[3],
      });
      socket.on("error", () => {}).resume();
      socket.end(damaged(bytes, numbers(seed), keep));
      await child.exited;
      const said = await new Response(child.stderr).text();
      expect({ seed, signal: child.signalCode, said }).toEqual({ seed, signal: null, said: "" });
      expect(readdirSync(folder.path)).toEqual(["root"]);
    }
  },
  60_000,
);
