import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../src/oci/digest.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { dockerArchive, native, tar } from "./fixtures.ts";

const strace = "/usr/bin/strace";

const script = `
  import { openImages } from ${JSON.stringify(join(import.meta.dir, "../../src/image/images.ts"))};
  const [root, archive] = process.argv.slice(1);
  const images = await openImages({ root, native: ${JSON.stringify(native)} });
  await images.load(Bun.file(archive).stream());
  await images.close();
`;

interface Call {
  readonly kind: "sync" | "rename";
  /** Beneath the data root. */
  readonly path: string;
  readonly to: string;
}

/** What reached the disk in which order, as strace(1) saw it: a call that was interrupted counts where it ended. */
function calls(trace: string, root: string): Call[] {
  const begun = new Map<string, string>();
  const found: Call[] = [];
  const beneath = (path: string) =>
    path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path === root ? "." : "";
  for (const line of trace.split("\n")) {
    const pid = /^(\d+) /.exec(line)?.[1] ?? "";
    if (line.includes("<unfinished ...>")) begun.set(pid, line);
    const whole = line.includes("resumed>") ? `${begun.get(pid)} ${line}` : line;
    if (line.includes("<unfinished ...>") || !/= 0$/.test(line)) continue;
    const sync = /(?:fsync|fdatasync)\(\d+<([^>]+)>/.exec(whole);
    if (sync !== null) found.push({ kind: "sync", path: beneath(sync[1] ?? ""), to: "" });
    const rename = /rename\w*\([^"]*"([^"]+)",[^"]*"([^"]+)"/.exec(whole);
    if (rename !== null)
      found.push({ kind: "rename", path: beneath(rename[1] ?? ""), to: beneath(rename[2] ?? "") });
  }
  return found.filter(({ path }) => path !== "");
}

describe.skipIf(rootMissing || !existsSync(strace))("after a power cut", () => {
  test("an index leads to whole blobs: they are synced, renamed, their folder synced, and the index after them (ADR 7)", () => {
    using folder = temporaryFolder("order");
    const layers = [
      tar({ name: "large", content: randomBytes(3 << 20) }),
      tar({ name: "small", content: "s" }),
    ];
    const archive = join(folder.path, "archive");
    writeFileSync(archive, dockerArchive("app:1", layers, layers.map(digestOf)));
    const root = join(folder.path, "data");
    const trace = join(folder.path, "trace");
    const watched = ["-f", "-y", "-o", trace, "-e", "trace=fsync,fdatasync,rename,renameat,renameat2"];
    const done = spawnSync(strace, [...watched, process.execPath, "-e", script, root, archive], {
      encoding: "utf8",
    });
    expect(done).toMatchObject({ status: 0, stderr: "" });
    const seen = calls(readFileSync(trace, "utf8"), root);
    const at = (wanted: (call: Call) => boolean, from = 0) => {
      const found = seen.findIndex((call, n) => n >= from && wanted(call));
      return found < 0 ? Number.NaN : found;
    };
    const isSync = (path: string) => (call: Call) => call.kind === "sync" && call.path === path;
    const index = JSON.parse(readFileSync(join(root, "index.json"), "utf8")).manifests[0].digest;
    const manifest = JSON.parse(readFileSync(join(root, "blobs", index.replace(":", "/")), "utf8"));
    const blobs = [
      index,
      manifest.config.digest,
      ...manifest.layers.map((layer: { digest: string }) => layer.digest),
    ];
    // The one that names the image, not the empty one of a new store.
    const published = seen.findLastIndex(({ to }) => to === "index.json");
    expect(at(isSync(seen[published]?.path ?? ""))).toBeLessThan(published);
    expect(at(isSync("."), published)).toBeGreaterThan(published);
    for (const blob of blobs) {
      const renamed = at(({ to }) => to === `blobs/${blob.replace(":", "/")}`);
      expect(at(isSync(seen[renamed]?.path ?? ""))).toBeLessThan(renamed);
      const folderSynced = at(isSync("blobs/sha256"), renamed);
      expect(folderSynced).toBeGreaterThan(renamed);
      expect(folderSynced).toBeLessThan(published);
    }
  }, 60_000);
});
