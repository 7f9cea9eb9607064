import { afterAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf, hexOf } from "../../../src/oci/digest.ts";
import { makeFifo } from "../../../src/platform/fifo.ts";
import { cliEngine, engineMissing } from "../../cli/engine.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { build, lines } from "../building.ts";

const RANDOM = "RUN cat /proc/sys/kernel/random/uuid > /id";
const files = {
  Dockerfile: lines(
    "FROM busybox AS a",
    RANDOM,
    "FROM busybox",
    "COPY f /f",
    "COPY --from=a /id /id",
    "RUN touch /end",
  ),
  f: "from the context",
};

interface Doc {
  manifests: { digest: string; size: number }[];
  config: { digest: string; size: number };
  records: { key: string; text: string; layer: { diffId: string; size: number } | null }[];
}

describe.skipIf(engineMissing)("a build cache that is carried to another engine", () => {
  const first = cliEngine();
  const second = cliEngine();
  const folder = temporaryFolder("cache");
  afterAll(() => folder[Symbol.dispose]());
  const at = (name: string) => join(folder.path, name);
  const from = (name: string) => ({ cachefrom: JSON.stringify([`type=local,src=${at(name)}`]) });
  const to = (name: string) => ({ cacheto: JSON.stringify([`type=local,dest=${at(name)}`]) });
  const blob = (name: string, digest: string) => join(at(name), "blobs/sha256", digest.slice(7));
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Doc;
  const manifestOf = (name: string) =>
    blob(name, read(join(at(name), "index.json")).manifests[0]?.digest ?? "");
  const recordsOf = (name: string) => read(blob(name, read(manifestOf(name)).config.digest)).records;
  const forget = async () => {
    await second.out("image", "prune", "-af");
    await second.out("builder", "prune", "-af");
    await second.engine.inroWith(
      { input: (await import("../../clients/busybox.ts")).busyboxArchive() },
      "load",
    );
  };
  /** Changes the list of records, with all digests that lead to it. */
  const forge = (name: string, change: (records: Doc["records"]) => void) => {
    cpSync(at("good"), at(name), { recursive: true });
    const put = (content: string) => {
      const digest = digestOf(content);
      writeFileSync(join(at(name), "blobs/sha256", hexOf(digest)), content);
      return { digest, size: content.length };
    };
    const manifest = read(manifestOf(name));
    const records = recordsOf(name);
    change(records);
    Object.assign(manifest.config, put(JSON.stringify({ records })));
    const index = read(join(at(name), "index.json"));
    Object.assign(index.manifests[0] ?? {}, put(JSON.stringify(manifest)));
    writeFileSync(join(at(name), "index.json"), JSON.stringify(index));
  };
  const warnings = ({ events }: Awaited<ReturnType<typeof build>>) =>
    events.flatMap((event) => (event.type === "warning" ? [event.warning.message] : []));

  test("its steps are not made again, and the image is the same", async () => {
    const made = await build(first.engine, files, to("good"));
    expect(made.error).toBe("");
    const again = await build(second.engine, files, from("good"));
    expect({ error: again.error, image: again.image, warned: warnings(again) }).toEqual({
      ...{ error: "", image: made.image, warned: [] },
    });
    for (const step of [RANDOM, "COPY f /f", "COPY --from=a /id /id", "RUN touch /end"])
      expect(again.ended(step)).toBe("cached");
    // It is an OCI layout, and what is exported again takes its place.
    expect(readdirSync(at("good")).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
    expect((await build(second.engine, files, { ...from("good"), ...to("good") })).image).toBe(made.image);
    expect(readdirSync(folder.path)).toEqual(["good"]);
    expect(await second.out("system", "check")).toStartWith("Nothing is wrong");
  });

  test("what is damaged, forged or no cache is told and never used", async () => {
    const layer = recordsOf("good").find(({ text }) => text === RANDOM)?.layer ?? expect.unreachable();
    const copy = (name: string) => cpSync(at("good"), at(name), { recursive: true });
    copy("damaged");
    const bytes = readFileSync(blob("damaged", layer.diffId));
    bytes[600] = (bytes[600] ?? 0) ^ 1;
    writeFileSync(blob("damaged", layer.diffId), bytes);
    copy("missing");
    rmSync(blob("missing", layer.diffId));
    copy("pipe");
    rmSync(blob("pipe", layer.diffId));
    makeFifo(blob("pipe", layer.diffId), 0o600);
    copy("link");
    rmSync(blob("link", layer.diffId));
    spawnSync("ln", ["-s", "/etc/passwd", blob("link", layer.diffId)]);
    copy("records");
    writeFileSync(manifestOf("records"), "{}");
    forge("keys", (records) => {
      for (const record of records) record.key = `sha256:${"0".repeat(64)}`;
    });
    forge("noise", (records) => {
      const noise = Buffer.alloc(2048, 0x41);
      const digest = digestOf(noise);
      writeFileSync(join(at("noise"), "blobs/sha256", hexOf(digest)), noise);
      for (const record of records) if (record.text === RANDOM) record.layer = { diffId: digest, size: 2048 };
    });
    for (const name of ["damaged", "missing", "pipe", "link", "records", "keys", "noise", "nowhere"]) {
      await forget();
      const done = await build(second.engine, files, from(name));
      expect({ name, error: done.error, made: done.ended(RANDOM) }).toEqual({
        name,
        error: "",
        made: "done",
      });
      expect(warnings(done).join()).toContain(`the build cache in ${at(name)} is not used`);
      const id = await second.out("run", "--rm", "--network", "none", done.image, "cat", "/id");
      expect(id).toMatch(/^[0-9a-f-]{36}\n$/);
    }
    expect(await second.out("system", "check")).toStartWith("Nothing is wrong");
  }, 60_000);

  test("is not written over something else, nor half", async () => {
    writeFileSync(join(folder.path, "file"), "mine");
    spawnSync("mkdir", [at("other")]);
    writeFileSync(join(at("other"), "mine"), "mine");
    for (const [name, why] of [
      ["other", "it holds something else"],
      ["file/in", ""],
    ] as const)
      expect((await build(first.engine, files, to(name))).error).toContain(
        why === "" ? "cannot export" : why,
      );
    expect(readdirSync(at("other"))).toEqual(["mine"]);
    expect(readdirSync(folder.path).filter((name) => /\.[0-9a-f]{12}/.test(name))).toEqual([]);
    expect(statSync(at("file")).size).toBe(4);
    for (const value of ["type=registry,ref=x", "type=local,dest=relative", "type=local,dest=/x,mode=min"])
      expect((await build(first.engine, files, { cacheto: JSON.stringify([value]) })).status).toBe(400);
  });
});
