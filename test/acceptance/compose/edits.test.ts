import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { write } from "../../build/building.ts";
import { cliEngine, engineMissing } from "../../cli/engine.ts";
import { type Composing, composerMissing, composing } from "../../support/composing.ts";
import { machine } from "../../support/host.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { beside, edits, type File, first } from "./edits.ts";

const PROJECT = "edited";

describe.skipIf(engineMissing)("a Compose file is edited", () => {
  const cli = cliEngine();
  const folder = temporaryFolder("edited");
  const path = join(folder.path, "compose.yaml");
  const file: File = first();
  let inro: Composing;
  let docker: Composing;

  /** Containers by the project's services. */
  async function ids(): Promise<Record<string, string>> {
    const labels = '{{.Label "com.docker.compose.service"}} {{.ID}} {{.State}}';
    const text = await cli.out("ps", "-a", "--no-trunc", "--format", labels);
    const rows = text
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" "));
    return Object.fromEntries(rows.map(([service = "", id = "", state]) => [service, `${id} ${state}`]));
  }

  const differing = (before: Record<string, string>, after: Record<string, string>) =>
    Object.keys({ ...before, ...after })
      .filter((service) => before[service] !== after[service])
      .sort();

  const save = (more: Readonly<Record<string, string>> = {}) => {
    write(folder.path, more);
    writeFileSync(path, JSON.stringify(file));
  };

  beforeAll(async () => {
    save(beside);
    const at = { host: machine(), socket: cli.engine.socket };
    inro = composing("inro compose", at, path, "-p", PROJECT);
    docker = composing("docker compose", at, path, "-p", PROJECT);
    await inro.out("up", "-d");
  }, 60_000);

  afterAll(() => folder[Symbol.dispose]());

  test("nothing is changed: nothing is done, and nothing is to be done", async () => {
    const before = await ids();
    expect(Object.keys(before).sort()).toEqual(["after", "apart", "shares", "web"]);
    await inro.out("up", "-d");
    expect(await ids()).toEqual(before);
    expect(await inro.out("--dry-run", "up", "-d")).toBe("nothing is to be done\n");
  }, 60_000);

  test.each(edits.map((edit) => [edit.title, edit] as const))(
    "%s: those are made again whom it concerns, and no others, and it is said why",
    async (
      _title,
      { change, beside: texts, again = ["shares", "web"], why = /its configuration changed/ },
    ) => {
      const before = await ids();
      change(file.services["web"] ?? {}, file);
      save(texts);
      const steps = await inro.out("--dry-run", "up", "-d");
      expect(await ids()).toEqual(before);
      if (again.length > 0) expect(steps).toMatch(why);
      await inro.out("up", "-d");
      const after = await ids();
      expect(differing(before, after)).toEqual([...again]);
      expect(Object.values(after).join()).not.toContain("exited");
      expect(await inro.out("--dry-run", "up", "-d")).toBe("nothing is to be done\n");
    },
    60_000,
  );

  test("a secret's file is another: who reads it is made again", async () => {
    const before = await ids();
    save({ "key.txt": "new" });
    await inro.out("up", "-d");
    expect(await inro.out("exec", "-T", "web", "cat", "/run/secrets/key")).toBe("new");
    expect(differing(before, await ids())).toBeOneOf([[], ["shares", "web"]]);
  }, 60_000);

  test("an image of the same name is another: who is of it is made again", async () => {
    const web = file.services["web"] ?? {};
    await cli.out("tag", "busybox", "again");
    web["image"] = "again";
    save();
    await inro.out("up", "-d");
    const before = await ids();
    writeFileSync(join(folder.path, "Dockerfile"), "FROM busybox\nLABEL it.is=another\n");
    expect(await cli.inro("build", "-qt", "again", folder.path)).toMatchObject({ code: 0 });
    expect(await inro.out("--dry-run", "up", "-d")).toMatch(/its image changed/);
    await inro.out("up", "-d");
    expect(differing(before, await ids())).toEqual(["shares", "web"]);
  }, 60_000);

  test("one more replica is one more container", async () => {
    const before = await ids();
    await inro.out("up", "-d", "--scale", "apart=3");
    expect(differing(before, await ids())).toBeOneOf([[], ["apart"]]);
    const numbers = await cli.out(
      "ps",
      "--format",
      "{{.Names}}",
      "-f",
      "label=com.docker.compose.service=apart",
    );
    expect(numbers.trim().split("\n").sort()).toEqual([1, 2, 3].map((n) => `${PROJECT}-apart-${n}`));
    await inro.out("up", "-d");
    expect(await ids()).toEqual(before);
  }, 60_000);

  test.skipIf(composerMissing("docker compose"))(
    "with all of it, docker compose 2.26.1 finds nothing to do, nor do we where it has made all anew",
    async () => {
      const ours = await ids();
      await docker.out("up", "-d");
      expect(await ids()).toEqual(ours);
      await docker.out("up", "-d", "--force-recreate");
      const theirs = await ids();
      expect(differing(ours, theirs)).toHaveLength(4);
      expect(await inro.out("--dry-run", "up", "-d")).toBe("nothing is to be done\n");
      await inro.out("up", "-d");
      expect(await ids()).toEqual(theirs);
    },
    60_000,
  );

  test.skipIf(composerMissing("docker compose"))(
    "each takes away what the other has made",
    async () => {
      await inro.out("down", "-v");
      expect(await cli.out("ps", "-aq")).toBe("");
      await docker.out("up", "-d");
      await inro.out("down", "-v");
      const left = [await cli.out("ps", "-aq"), await cli.out("volume", "ls", "-q")];
      expect([...left, await cli.out("network", "ls", "-q", "-f", "type=custom")]).toEqual(["", "", ""]);
      await inro.out("up", "-d");
      await docker.out("down", "-v");
      expect(await cli.out("ps", "-aq")).toBe("");
      expect(await cli.out("network", "ls", "-q", "-f", "type=custom")).toBe("");
    },
    60_000,
  );
});
