import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, linkSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { docker as dockerd } from "../../bench/contenders/docker.ts";
import type { Engine } from "../../bench/contenders/engine.ts";
import { inro } from "../../bench/contenders/inro.ts";
import { listed, plant } from "../build/copy/fixture.ts";
import { tar } from "../image/fixtures.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolRoot } from "../support/tools.ts";

const missing = rootMissing || toolRoot("dockerd") === undefined;

/** What COPY and ADD put where: the same as the unmodified docker's classic builder does with the same Dockerfile. */
const same: Readonly<Record<string, readonly string[]>> = {
  "a file to a name": ["COPY a.txt /x"],
  "a file to a folder": ["COPY a.txt /x/"],
  "a file to a folder that is there": ["COPY a.txt /dst/dir"],
  "a file upon a file": ["COPY a.txt /dst/file"],
  "a file far down": ["COPY a.txt /p/q/r"],
  "a file to the root": ["COPY a.txt /"],
  modes: ["COPY b.txt run.sh /x/"],
  "a folder": ["COPY d /x"],
  "a folder with a slash": ["COPY d/ /x/"],
  "a folder into one that is there": ["COPY d /dst/dir"],
  "a folder to a link": ["COPY d /lnk"],
  "two folders": ["COPY d e /x/"],
  "an empty folder": ["COPY empty /x"],
  "a pattern": ["COPY *.txt /x/"],
  "a pattern without a slash, for one": ["COPY a.t* /x"],
  "a pattern for folders": ["COPY [de] /x/"],
  "a question mark": ["COPY ?.txt /x/"],
  "a pattern for nothing beside a file": ["COPY a.txt none* /x/"],
  brackets: ["COPY arr[[]0].txt /x/"],
  "names with dots": ["COPY .d* /x/"],
  blanks: ['COPY ["sp ace", "/x y/"]'],
  everything: ["COPY . /x"],
  "an exception of .dockerignore": ["COPY *.log /x/"],
  "dots inside": ["COPY d/../a.txt /x"],
  "a leading slash": ["COPY /a.txt /x"],
  "a link to a file": ["COPY link-file /x"],
  "a link to a folder": ["COPY link-dir /x"],
  "an absolute link": ["COPY abs /x"],
  "a link that leads outside": ["COPY out /x"],
  "through a link": ["COPY link-dir/x /x"],
  "a pattern for links": ["COPY link-* /x/"],
  "hard links": ["COPY h /x"],
  "to a link to a folder": ["COPY a.txt /lnk/"],
  "to one without a slash": ["COPY a.txt /lnk"],
  "to a relative link": ["COPY a.txt /rel/"],
  "to a link to a file": ["COPY a.txt /flnk"],
  "to a link to nothing": ["COPY a.txt /dangling/"],
  "to a link to nothing, by name": ["COPY a.txt /dangling"],
  "to a link upwards": ["COPY a.txt /up/"],
  "an owner with a group": ["COPY --chown=web:www d /x"],
  "an owner by number": ["COPY --chown=5 a.txt /x/"],
  "an owner upon what is there": ["COPY --chown=5:6 d /dst/dir"],
  "a working directory": ["WORKDIR /w/v", "COPY a.txt ."],
  "beneath the working directory": ["WORKDIR /w/v", "COPY a.txt r/"],
  "beside the working directory": ["WORKDIR /w/v", "COPY a.txt ../u"],
  "as another user": ["USER web", "COPY a.txt /x/"],
  "an archive": ["ADD archive.tar /x"],
  "an archive by gzip": ["ADD archive.tgz /x/"],
  "an archive into what is there": ["ADD archive.tgz /dst/dir"],
  "an archive with an owner": ["ADD --chown=9:9 archive.tar /dst/dir"],
  "no archive, by its content": ["ADD notatar.tar.gz /x/"],
  "gzip of no archive": ["ADD gz.gz /x/"],
  "an archive that is copied": ["COPY archive.tar /x/"],
  "an archive upon what is of another kind": ["ADD over.tar /"],
  "an archive through a link": ["ADD through.tar /"],
  "an archive with a folder for a link": ["ADD folders.tar /"],
  "an archive beside a file": ["ADD archive.tar a.txt /x/"],
  "from an image": ["COPY --from=localhost/base /dst /x"],
  "from an image by a pattern": ["COPY --from=localhost/base /etc/p* /x/"],
  "from an image by a link": ["COPY --from=localhost/base /lnk /x"],
};

/** What does it otherwise, and why. */
const different: Readonly<Record<string, readonly string[]>> = {
  // As BuildKit and podman: a user's own group, not the group of the same name.
  "an owner by name": ["COPY --chown=web a.txt /x/"],
  // As BuildKit and podman: all folders that are made belong to the owner, not the last one alone.
  "an owner of folders on the way": ["COPY --chown=5:6 d /p/x"],
  // A link to a folder stays, and leads on; BuildKit refuses it, and docker puts a folder in its place.
  "a folder upon a link in the middle": ["COPY m /mix"],
};

/** What neither does. */
const refused: Readonly<Record<string, readonly string[]>> = {
  "what is not there": ["COPY nope /x"],
  "a pattern for nothing": ["COPY none* /x/"],
  "what is ignored": ["COPY ignored.log /x"],
  "a folder that is ignored": ["COPY hidden /x"],
  "a link to nothing": ["COPY dangling /x"],
  "several files to a name": ["COPY a.txt b.txt /x"],
  "a pattern for several to a name": ["COPY *.txt /x"],
  "a folder upon a file": ["COPY d /dst/file"],
  "an owner that nobody is": ["COPY --chown=nobody a.txt /x"],
};

const base = tar(
  ...[
    { name: "dst/", mode: 0o711 },
    { name: "dst/dir/", mode: 0o711, uid: 7, gid: 8 },
  ],
  ...[
    { name: "dst/dir/old", content: "old" },
    { name: "dst/file", content: "file" },
  ],
  { name: "lnk", type: "symlink", linkName: "/dst/dir" },
  { name: "rel", type: "symlink", linkName: "dst/dir" },
  { name: "flnk", type: "symlink", linkName: "/dst/file" },
  { name: "dangling", type: "symlink", linkName: "/made/there" },
  { name: "up", type: "symlink", linkName: "../../../dst" },
  ...[{ name: "mix/" }, { name: "mix/sub", type: "symlink", linkName: "/dst/dir" } as const],
  { name: "etc/passwd", content: "root:x:0:0::/:/bin/sh\nweb:x:33:44::/:/bin/sh\n" },
  { name: "etc/group", content: "root:x:0:\nweb:x:55:\nwww:x:66:\n" },
);

function plantContext(folder: string): string {
  plant(folder, {
    ...{
      "a.txt": "a",
      "b.txt": "0600:b",
      "run.sh": "0755:#!/bin/sh",
      "sp ace": "s",
      "arr[0].txt": "arr",
      ".dot": "dot",
    },
    ...{
      "d/x": "x",
      "d/y": "y",
      "d/.hidden": "h",
      "d/sub/z": "0640:z",
      "d/link": "-> x",
      "e/x": "other",
      "e/e": "e",
    },
    ...{ "empty/": "", "h/1": "hard", "m/sub/f": "f", "n/m/deep.txt": "deep", "notatar.tar.gz": "text" },
    ...{
      "link-file": "-> a.txt",
      "link-dir": "-> d",
      abs: "-> /a.txt",
      out: "-> ../../../a.txt",
      dangling: "-> nowhere",
    },
    ...{
      ".dockerignore": "*.log\n!keep.log\nhidden\n",
      "ignored.log": "i",
      "keep.log": "k",
      "hidden/f": "f",
    },
  });
  chmodSync(join(folder, "d"), 0o750);
  chmodSync(join(folder, "d/sub"), 0o700);
  linkSync(join(folder, "h/1"), join(folder, "h/2"));
  const file = { name: "t/f", content: "f", uid: 5, mode: 0o640 } as const;
  const archive = tar(
    ...[{ name: "t/", mode: 0o700, uid: 3, gid: 4 }, file],
    { name: "t/l", type: "symlink", linkName: "f" },
    { ...file, name: "t/h", type: "hardlink", linkName: "t/f", content: "" },
  );
  const over = tar(
    { name: "dst/dir", content: "a file" },
    { name: "dst/file/" },
    { name: "dst/file/in", content: "in" },
  );
  for (const [name, bytes] of Object.entries({
    ...{
      "archive.tar": archive,
      "archive.tgz": gzipSync(archive),
      "gz.gz": gzipSync("no tar"),
      "over.tar": over,
    },
    "through.tar": tar({ name: "lnk/new", content: "new" }),
    "folders.tar": tar({ name: "lnk/" }, { name: "lnk/new", content: "new" }),
  }))
    writeFileSync(join(folder, name), bytes);
  return folder;
}

describe.skipIf(missing)("COPY and ADD beside docker's classic builder", () => {
  const room = temporaryFolder("copying");
  const scope = new AsyncDisposableStack();
  let context = "";
  let engines: readonly [ours: Engine, docker: Engine];
  let cli: readonly string[] = [];

  beforeAll(async () => {
    const docker = await dockerd(join(room.path, "docker"));
    if (docker === undefined) throw new Error("it was not fetched");
    scope.defer(() => docker.stop());
    const ours = await inro(join(room.path, "inro"));
    scope.defer(() => ours.stop());
    engines = [ours, docker];
    cli = docker.cli;
    mkdirSync(join(room.path, "context"));
    context = plantContext(join(room.path, "context"));
    for (const engine of engines) await run(engine, ["import", "-", "localhost/base"], base);
  }, 60_000);
  afterAll(async () => {
    await scope.disposeAsync();
    room[Symbol.dispose]();
  }, 60_000);

  /** The same client asks both. */
  async function run(
    engine: Engine,
    words: readonly string[],
    input?: Uint8Array,
  ): Promise<{ code: number; said: string }> {
    const env = { ...process.env, ...engine.environment, DOCKER_BUILDKIT: "0" };
    const stdin = input ?? ("ignore" as const);
    const child = Bun.spawn([...cli, ...words], { env, stdin, stdout: "pipe", stderr: "pipe" });
    const [out, said, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, said: code === 0 ? out.trim() : said };
  }

  const build = (engine: Engine, lines: readonly string[]) => {
    // One that is elsewhere is given a random name by the client, which it tells .dockerignore.
    writeFileSync(join(context, "Dockerfile"), `${lines.join("\n")}\n`);
    return run(engine, ["build", "-q", context]);
  };

  /** What each case has made, by its name: every case is a stage, of which the last one has all. */
  async function made(engine: Engine, cases: typeof same): Promise<Map<string, string[]>> {
    const all = Object.entries(cases);
    const stages = all.flatMap(([, lines], at) => [`FROM localhost/base AS c${at}`, ...lines]);
    const last = all.map((_, at) => `COPY --from=c${at} / /${at}/`);
    const built = await build(engine, [...stages, "FROM scratch", ...last]);
    expect(built.code, built.said).toBe(0);
    const { said: id } = await run(engine, ["create", built.said, "x"]);
    const archive = join(room.path, `${engine.name}.tar`);
    expect(await run(engine, ["export", "-o", archive, id])).toMatchObject({ code: 0 });
    await run(engine, ["rm", id]);
    const found = new Map(all.map(([name]) => [name, [] as string[]]));
    for (const { type, name, mode, uid, gid, linkName, text } of listed(readFileSync(archive))) {
      const [, number = "", path = ""] = /^(\d+)\/(.*)$/.exec(name) ?? [];
      const target = type === "hardlink" ? linkName.replace(/^\d+\//, "") : linkName;
      const words = [path, type, mode.toString(8), `${uid}:${gid}`, target, JSON.stringify(text)];
      if (number !== "" && path !== "") found.get(all[Number(number)]?.[0] ?? "")?.push(words.join(" "));
    }
    for (const lines of found.values()) lines.sort();
    return found;
  }

  test(`${Object.keys(same).length} copies make the same trees, and ${Object.keys(different).length} another for a reason`, async () => {
    const [ours, docker] = await Promise.all(
      engines.map((engine) => made(engine, { ...same, ...different })),
    );
    for (const name of Object.keys(same)) expect([name, ours?.get(name)]).toEqual([name, docker?.get(name)]);
    for (const name of Object.keys(different))
      expect([name, ours?.get(name)]).not.toEqual([name, docker?.get(name)]);
  }, 180_000);

  test.each(Object.entries(refused))(
    "neither copies %s",
    async (_, lines) => {
      for (const engine of engines) {
        const { code, said } = await build(engine, ["FROM localhost/base", ...lines]);
        expect([engine.name, code !== 0, said]).toEqual([
          engine.name,
          true,
          expect.not.stringContaining("internal"),
        ]);
      }
    },
    60_000,
  );
});
