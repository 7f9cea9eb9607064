import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { write } from "../../build/building.ts";
import { soon } from "../../crash/killing.ts";
import { type Composing, composerMissing, composers, composing } from "../../support/composing.ts";
import { debianRoot } from "../../support/debian.ts";
import { rootMissing, type TestEngine, testEngine } from "../../support/engine.ts";
import { type Host, ownHost } from "../../support/host.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { files, SERVERS } from "./application.ts";

const root = debianRoot("servers");
/** With docker compose, too: `npm run test:long`. */
const isLong = process.env["INRO_REAL_BUILDS"] === "1";

interface Answer {
  /** The container that answered. */
  readonly by: string;
  readonly visit: number;
  readonly notes: readonly string[];
}

describe.skipIf(rootMissing || root === undefined)("a shop: nginx, Python, PostgreSQL and Redis", () => {
  const scope = new AsyncDisposableStack();
  const folder = scope.use(temporaryFolder("shop"));
  let host: Host;
  let engine: TestEngine;
  const inro = async (...words: string[]) => {
    const done = await engine.inroWith({ timeout: 240_000 }, ...words);
    expect(done).toMatchObject({ code: 0 });
    return done.stdout;
  };

  beforeAll(async () => {
    host = scope.use(await ownHost());
    engine = scope.use(await testEngine(host));
    const path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    await inro("import", "-c", path, root ?? "", SERVERS);
    write(folder.path, files(Number(await inro("run", "--rm", SERVERS, "id", "-u", "postgres"))));
  }, 300_000);
  afterAll(() => scope.disposeAsync(), 120_000);

  for (const name of composers)
    test.skipIf(composerMissing(name) || (name !== "inro compose" && !isLong))(
      `${name}: it works, survives its database's end, grows to five, and keeps its data as it is told`,
      async () => {
        const shop = composing(name, { host, socket: engine.socket }, join(folder.path, "compose.yaml"));
        await shop.out("up", "-d", "--wait", "--build");
        expect(await ask(shop)).toMatchObject({ visit: 1, notes: [] });
        await note(shop, "first");
        expect(await ask(shop)).toMatchObject({ visit: 2, notes: ["first"] });

        await databaseEnds(shop);
        await fiveAnswer(shop);

        const before = await listed("volume");
        await shop.out("down");
        expect(await listed("container", "network")).toEqual([]);
        expect(await listed("volume")).toEqual(before);
        await shop.out("up", "-d", "--wait");
        // Redis has kept nothing.
        expect(await ask(shop)).toMatchObject({ visit: 1, notes: ["first", "second", "third"] });

        await shop.out("down", "-v");
        expect(await listed("container", "network", "volume")).toEqual([]);
        await shop.out("up", "-d", "--wait");
        expect(await ask(shop)).toMatchObject({ visit: 1, notes: [] });
        await shop.out("down", "-v", "--rmi", "local");
        expect(await inro("images", "-q", "shop-*")).toBe("");
      },
      240_000,
    );

  test("inro compose: a secret is its user's alone, and the password is in no image and no environment", async () => {
    const shop = composing(
      "inro compose",
      { host, socket: engine.socket },
      join(folder.path, "compose.yaml"),
    );
    await shop.out("up", "-d", "--wait", "db");
    const stat = ["stat", "-Lc", "%U %a", "/run/secrets/db_password"];
    expect(await shop.out("exec", "-T", "db", ...stat)).toBe("postgres 400\n");
    const told = await inro("inspect", "shop-db-1", "shop-db");
    expect(told).not.toContain("tr0ub4dor");
    await shop.out("down", "-v", "--rmi", "local");
  }, 120_000);

  /** Its process is killed, and comes back by its restart policy; then the container, and comes back when it is asked for. */
  async function databaseEnds(shop: Composing): Promise<void> {
    const pid = async () => Number(await inro("inspect", "-f", "{{.State.Pid}}", "shop-db-1"));
    const first = await pid();
    process.kill(first, "SIGKILL");
    await soon(async () => ![0, first].includes(await pid()), true);
    await shop.out("up", "-d", "--wait");
    await note(shop, "second");
    await inro("kill", "shop-db-1");
    await soon(pid, 0);
    await shop.out("up", "-d", "--wait");
    await note(shop, "third");
    expect(await ask(shop)).toMatchObject({ notes: ["first", "second", "third"] });
  }

  async function fiveAnswer(shop: Composing): Promise<void> {
    await shop.out("up", "-d", "--wait", "--scale", "app=5");
    const of = ["-q", "--no-trunc", "-f", "label=com.docker.compose.service=app"];
    const ids = (await inro("ps", ...of)).trim().split("\n");
    const five = ids.map((id) => id.slice(0, 12)).sort();
    expect(five).toHaveLength(5);
    const seen = new Set<string>();
    // nginx asks again each second, and takes what it was told in turns.
    await soon(async () => [...seen.add((await ask(shop)).by)].sort(), five);
  }

  async function ask(shop: Composing, ...words: string[]): Promise<Answer> {
    const address = (await shop.out("port", "front", "80")).trim();
    const patience = ["-sSf", "--retry", "5", "--retry-all-errors", "--retry-delay", "1"];
    const { code, stdout, stderr } = await host.run("curl", [...patience, ...words, `http://${address}/`]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return JSON.parse(stdout);
  }

  const note = (shop: Composing, text: string) => ask(shop, "--data-binary", text);

  /** What there is of the project's. */
  async function listed(...kinds: ("container" | "network" | "volume")[]): Promise<string[]> {
    const words = ["ls", "-q", "-f", "label=com.docker.compose.project=shop"];
    const all = kinds.map((kind) => inro(kind, ...words, ...(kind === "container" ? ["-a"] : [])));
    return (await Promise.all(all)).flatMap((text) => text.split("\n").filter((line) => line !== ""));
  }
});
