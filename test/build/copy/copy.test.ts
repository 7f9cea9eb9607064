import { expect, test } from "bun:test";
import { linkSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../support/temporary.ts";
import { copied, type Files, hiding, plant, source, words } from "./fixture.ts";

/** The layer's names when the paths of a context are copied above a root. */
async function copy(o: {
  readonly context: Files;
  readonly paths: readonly string[];
  readonly to: string;
  readonly below?: Files;
  readonly link?: boolean;
  readonly parents?: boolean;
  /** Lines of a .dockerignore. */
  readonly exclude?: string;
  readonly ignore?: string;
}): Promise<string[]> {
  using folder = temporaryFolder("copy");
  const context = plant(join(folder.path, "context"), o.context);
  const below = o.below === undefined ? [] : [plant(join(folder.path, "below"), o.below)];
  const ignore = o.ignore === undefined ? null : { name: ".dockerignore", rules: hiding(o.ignore) };
  return await words(
    {
      sources: [{ ...source(context, ...o.paths), ignore }],
      destination: o.to,
      link: o.link ?? false,
      parents: o.parents ?? false,
      exclude: o.exclude === undefined ? null : hiding(o.exclude),
    },
    below,
  );
}

test("a file is given the destination's name, or goes into a folder", async () => {
  const context = { "a.txt": "a" };
  const paths = ["a.txt"];
  expect(await copy({ context, paths, to: "/x" })).toEqual(["x=a"]);
  expect(await copy({ context, paths, to: "/x/" })).toEqual(["x/", "x/a.txt=a"]);
  expect(await copy({ context, paths, to: "/x/y/z" })).toEqual(["x/", "x/y/", "x/y/z=a"]);
  expect(await copy({ context, paths, to: "/x/." })).toEqual(["x/", "x/a.txt=a"]);
  expect(await copy({ context, paths, to: "/" })).toEqual(["a.txt=a"]);
  expect(await copy({ context, paths, to: "/etc", below: { "etc/": "" } })).toEqual(["etc/", "etc/a.txt=a"]);
  expect(await copy({ context, paths, to: "/b.txt", below: { "b.txt": "b" } })).toEqual(["b.txt=a"]);
});

test("of a folder the contents are copied, with all that is beneath", async () => {
  const context = { "d/a": "a", "d/.hidden": "h", "d/sub/b": "b", "d/empty/": "", "d/link": "-> sub/b" };
  const beneath = ["x/.hidden=h", "x/a=a", "x/empty/", "x/link symlink sub/b", "x/sub/", "x/sub/b=b"];
  for (const path of ["d", "d/", "./d", "/d", "../d", "d/../../d/."])
    expect(await copy({ context, paths: [path], to: "/x" })).toEqual(["x/", ...beneath]);
  expect(await copy({ context: { a: "a" }, paths: ["."], to: "/" })).toEqual(["a=a"]);
});

test("several files need a folder", async () => {
  const context = { "a.txt": "a", "b.txt": "b" };
  const why = expect.stringContaining("the destination must be a directory and end with a /");
  expect(await copy({ context, paths: ["a.txt", "b.txt"], to: "/x/" })).toEqual([
    "x/",
    "x/a.txt=a",
    "x/b.txt=b",
  ]);
  await expect(copy({ context, paths: ["a.txt", "b.txt"], to: "/x" })).rejects.toMatchObject({
    code: "COPY_DESTINATION_INVALID",
    why,
  });
  await expect(copy({ context, paths: ["*.txt"], to: "/x" })).rejects.toMatchObject({ why });
  // As BuildKit: what a pattern matches goes into a folder that is there.
  expect(await copy({ context, paths: ["*.txt"], to: "/x", below: { "x/": "" } })).toHaveLength(3);
});

test("wildcards match as Go's filepath.Match does", async () => {
  const context = {
    "a.txt": "1",
    "b.txt": "2",
    ".c.txt": "3",
    "d/e.txt": "4",
    "arr[0].txt": "5",
    "d.txt/f": "6",
  };
  const matched = async (path: string) => (await copy({ context, paths: [path], to: "/x/" })).slice(1);
  expect(await matched("*.txt")).toEqual(["x/.c.txt=3", "x/a.txt=1", "x/arr[0].txt=5", "x/b.txt=2", "x/f=6"]);
  expect(await matched("?.txt")).toEqual(["x/a.txt=1", "x/b.txt=2", "x/f=6"]);
  expect(await matched("[^b].txt")).toEqual(["x/a.txt=1", "x/f=6"]);
  expect(await matched("[a-b].t*")).toEqual(["x/a.txt=1", "x/b.txt=2"]);
  expect(await matched("arr[[]0].txt")).toEqual(["x/arr[0].txt=5"]);
  expect(await matched("arr\\[0\\].txt")).toEqual(["x/arr[0].txt=5"]);
  expect(await matched("*/e.txt")).toEqual(["x/e.txt=4"]);
  expect(await matched("d*/[ef]*")).toEqual(["x/e.txt=4", "x/f=6"]);
  for (const path of ["[", "[a", "a[]", "[-a]", "\\"])
    await expect(matched(path)).rejects.toMatchObject({ code: "COPY_PATTERN_INVALID" });
});

test("what matches nothing is named, with the rule that hides it", async () => {
  const context = { "a.log": "a", "b.txt": "b", "d/c": "c" };
  await expect(copy({ context, paths: ["nothing"], to: "/" })).rejects.toThrow(
    'cannot copy "nothing" from the build context: file not found',
  );
  await expect(copy({ context, paths: ["*.md"], to: "/" })).rejects.toThrow("no file there matches it");
  for (const [path, ignore] of [
    ["a.log", "*.log"],
    ["*.log", "*.log"],
    ["d/c", "x\nd"],
  ] as const)
    await expect(copy({ context, paths: [path], to: "/", ignore })).rejects.toMatchObject({
      code: "COPY_SOURCE_MISSING",
      why: expect.stringMatching(/is there, but line [12] of .dockerignore hides it: (\*\.log|d)$/),
    });
  await expect(copy({ context, paths: ["b.txt", "gone"], to: "/x/" })).rejects.toThrow('"gone"');
  expect(await copy({ context, paths: ["b.txt", "*.lock"], to: "/x/" })).toEqual(["x/", "x/b.txt=b"]);
});

test("what is ignored is not copied, but for exceptions, whose folders are kept", async () => {
  const context = { a: "a", "n/b": "b", "n/deep/c": "c", "n/keep/d": "d" };
  expect(await copy({ context, paths: ["."], to: "/", ignore: "n" })).toEqual(["a=a"]);
  expect(await copy({ context, paths: ["."], to: "/", ignore: "n\n!n/keep" })).toEqual([
    "a=a",
    "n/",
    "n/keep/",
    "n/keep/d=d",
  ]);
  expect(await copy({ context, paths: ["n"], to: "/x", ignore: "n\n!n/keep" })).toEqual([
    "x/",
    "x/keep/",
    "x/keep/d=d",
  ]);
});

test("--exclude leaves out what is in a source, and a file by its name", async () => {
  const context = { "home.txt": "1", "home.md": "2", "d/a.txt": "3", "d/b": "4" };
  const exclude = "*.txt";
  expect(await copy({ context, paths: ["hom*"], to: "/x/", exclude })).toEqual(["x/", "x/home.md=2"]);
  expect(await copy({ context, paths: ["d"], to: "/x/", exclude })).toEqual(["x/", "x/b=4"]);
  expect(await copy({ context, paths: ["home.txt"], to: "/x/", exclude })).toEqual([]);
});

test("--parents keeps the folders of a path, from /./ on", async () => {
  const context = { "x/a.txt": "a", "x/y/b.txt": "b", "x/y/z/c.txt": "c", "x/y/z/d.md": "d", "y/a.txt": "e" };
  const parents = true;
  expect(await copy({ context, paths: ["./x/a.txt", "./y/a.txt"], to: "/p/", parents })).toEqual([
    "p/",
    "p/x/",
    "p/x/a.txt=a",
    "p/y/",
    "p/y/a.txt=e",
  ]);
  expect(await copy({ context, paths: ["./x/./y/*.txt"], to: "/p/", parents })).toEqual([
    "p/",
    "p/y/",
    "p/y/b.txt=b",
  ]);
  expect(await copy({ context, paths: ["./x/**/*.txt"], to: "/p/", parents })).toEqual([
    "p/",
    "p/x/",
    "p/x/a.txt=a",
    "p/x/y/",
    "p/x/y/b.txt=b",
    "p/x/y/z/",
    "p/x/y/z/c.txt=c",
  ]);
  expect(await copy({ context, paths: ["x/y/z"], to: "/p/", parents })).toEqual([
    "p/",
    "p/x/",
    "p/x/y/",
    "p/x/y/z/",
    "p/x/y/z/c.txt=c",
    "p/x/y/z/d.md=d",
  ]);
  await expect(copy({ context, paths: ["x/*.none"], to: "/p/", parents })).rejects.toThrow(
    "no file there matches it",
  );
});

test("links below are followed inside the root, also those in the middle of what is copied", async () => {
  const below = {
    "usr/lib/": "",
    lib: "-> usr/lib",
    out: "-> /../../../usr",
    nowhere: "-> /new/place",
    file: "-> usr/f",
  };
  const a = { a: "a" };
  expect(await copy({ context: a, paths: ["a"], to: "/lib/", below })).toEqual([
    "usr/",
    "usr/lib/",
    "usr/lib/a=a",
  ]);
  expect(await copy({ context: a, paths: ["a"], to: "/out/x", below })).toEqual(["usr/", "usr/x=a"]);
  expect(await copy({ context: a, paths: ["a"], to: "/nowhere/", below })).toEqual([
    "new/",
    "new/place/",
    "new/place/a=a",
  ]);
  expect(await copy({ context: a, paths: ["a"], to: "/file", below })).toEqual(["usr/", "usr/f=a"]);
  // A file takes a link's place where it is not the destination itself.
  expect(await copy({ context: { file: "a" }, paths: ["file"], to: "/", below })).toEqual(["file=a"]);
  const context = { "lib/b": "b", "lib/new/c": "c" };
  expect(await copy({ context, paths: ["."], to: "/", below })).toEqual([
    "usr/",
    "usr/lib/",
    "usr/lib/b=b",
    "usr/lib/new/",
    "usr/lib/new/c=c",
  ]);
});

test("a file never takes a folder's place, nor a folder a file's", async () => {
  const below = { "d/a/": "", f: "f" };
  const code = { code: "COPY_DESTINATION_INVALID" };
  await expect(copy({ context: { a: "a" }, paths: ["a"], to: "/d/", below })).rejects.toMatchObject({
    ...code,
    what: 'cannot copy to "/d/a"',
  });
  await expect(copy({ context: { "x/y": "a" }, paths: ["x"], to: "/f", below })).rejects.toMatchObject(code);
  await expect(copy({ context: { "x/f/y": "a" }, paths: ["x"], to: "/", below })).rejects.toMatchObject(code);
  await expect(copy({ context: { a: "a" }, paths: ["a"], to: "/f/", below })).rejects.toMatchObject(code);
  await expect(copy({ context: { a: "a" }, paths: ["a"], to: "/f/g/h", below })).rejects.toMatchObject(code);
  await expect(
    copy({ context: { "x/a": "1", "y/a/b": "2" }, paths: ["x", "y"], to: "/z/" }),
  ).rejects.toMatchObject(code);
});

test("--link does not look at what is below", async () => {
  const below = { "usr/lib/": "", lib: "-> usr/lib", f: "f" };
  const context = { a: "a" };
  expect(await copy({ context, paths: ["a"], to: "/lib/", below, link: true })).toEqual(["lib/", "lib/a=a"]);
  expect(await copy({ context, paths: ["a"], to: "/f/", below, link: true })).toEqual(["f/", "f/a=a"]);
});

test("a later source wins file by file", async () => {
  const context = { "x/a": "1", "x/b": "1", "y/b": "2", "y/c": "2" };
  expect(await copy({ context, paths: ["x", "y"], to: "/z/" })).toEqual(["z/", "z/a=1", "z/b=2", "z/c=2"]);
});

test("links lead inside the context; what they lead to is copied under the link's name", async () => {
  const context = {
    "d/a": "a",
    "to-a": "-> d/a",
    "to-d": "-> d",
    up: "-> ../../../../d/a",
    absolute: "-> /d",
    loop: "-> loop",
    dangling: "-> /etc/hostname",
  };
  expect(await copy({ context, paths: ["to-a"], to: "/x/" })).toEqual(["x/", "x/to-a=a"]);
  expect(await copy({ context, paths: ["to-d"], to: "/x/" })).toEqual(["x/", "x/a=a"]);
  expect(await copy({ context, paths: ["up", "absolute/a"], to: "/x/" })).toEqual(["x/", "x/a=a", "x/up=a"]);
  expect(await copy({ context, paths: ["to-*/"], to: "/x/" })).toEqual(["x/", "x/a=a", "x/to-a=a"]);
  await expect(copy({ context, paths: ["dangling"], to: "/x/" })).rejects.toMatchObject({
    code: "COPY_SOURCE_MISSING",
  });
  await expect(copy({ context, paths: ["loop"], to: "/x/" })).rejects.toMatchObject({
    code: "COPY_SOURCE_INVALID",
  });
});

test("modes, owners and times: of the source, of the request, of what was there", async () => {
  using folder = temporaryFolder("copy");
  const context = plant(join(folder.path, "context"), {
    "d/": "0700:",
    "d/s/": "0700:",
    "d/s/x": "0751:x",
    "d/l": "-> s",
  });
  const below = plant(join(folder.path, "below"), { "opt/": "0711:", "opt/s/": "0755:" });
  const of = async (o: object, to = "/opt/new") =>
    (await copied({ sources: [source(context, "d")], destination: to, ...o }, [below])).map(
      ({ name, mode, uid, gid }) => `${name} ${mode.toString(8)} ${uid}:${gid}`,
    );
  expect(await of({})).toEqual([
    "opt/ 711 0:0",
    "opt/new/ 755 0:0",
    "opt/new/l 777 0:0",
    "opt/new/s/ 700 0:0",
    "opt/new/s/x 751 0:0",
  ]);
  expect(await of({ owner: "7:8", chmod: "640" })).toEqual([
    "opt/ 711 0:0",
    "opt/new/ 755 7:8",
    "opt/new/l 777 7:8",
    "opt/new/s/ 640 7:8",
    "opt/new/s/x 640 7:8",
  ]);
  expect(await of({ chmod: "u=rwX,go=rX" }, "/opt")).toEqual([
    "opt/ 711 0:0",
    "opt/l 777 0:0",
    "opt/s/ 755 0:0",
    "opt/s/x 755 0:0",
  ]);
  const [, made] = await copied({ sources: [source(context, "d")], destination: "/opt/new" }, [below]);
  expect(made?.mtime.seconds).toBe(1_600_000_000);
});

test("--chown looks names up in the root below", async () => {
  using folder = temporaryFolder("copy");
  const context = plant(join(folder.path, "context"), { a: "a" });
  const below = plant(join(folder.path, "below"), {
    "etc/passwd": "root:x:0:0::/:\nweb:x:33:44::/:\n",
    "etc/group": "www:x:55:\n",
  });
  const of = async (owner: string, roots = [below]) => {
    const [entry] = await copied({ sources: [source(context, "a")], destination: "/a", owner }, roots);
    return `${entry?.uid}:${entry?.gid}`;
  };
  expect(await of("web")).toBe("33:44");
  expect(await of("web:www")).toBe("33:55");
  expect(await of("9")).toBe("9:9");
  expect(await of("9:www")).toBe("9:55");
  expect(await of("10:11", [])).toBe("10:11");
  await expect(of("nobody")).rejects.toMatchObject({
    code: "NO_SUCH_USER",
    at: "--chown",
    what: 'cannot give what is copied to "nobody"',
  });
  await expect(of("web:none")).rejects.toMatchObject({ code: "NO_SUCH_GROUP" });
  await expect(of("web", [])).rejects.toMatchObject({ code: "NO_SUCH_USER" });
  await expect(of("-1")).rejects.toMatchObject({ code: "USER_INVALID" });
});

test("names of one file stay so, in the layer too; a file that is copied twice does not become one", async () => {
  using folder = temporaryFolder("copy");
  const context = plant(folder.path, { "d/a": "a" });
  linkSync(join(context, "d/a"), join(context, "d/b"));
  expect(await words({ sources: [source(context, "d")], destination: "/" })).toEqual(["a=a", "b hardlink a"]);
  expect(await words({ sources: [source(context, "d/a", "d/b")], destination: "/" })).toEqual(["a=a", "b=a"]);
});

test("here-documents and files of several sources come in one sorted layer", async () => {
  using folder = temporaryFolder("copy");
  const one = plant(join(folder.path, "one"), { b: "1", d: "1" });
  const two = plant(join(folder.path, "two"), { a: "2", c: "2" });
  const inline = { kind: "inline", name: "e", content: Buffer.from("text\n") } as const;
  const sources = [source(one, "."), source(two, "."), inline];
  expect(await words({ sources, destination: "/" })).toEqual(["a=2", "b=1", "c=2", "d=1", "e=text\n"]);
  expect(await words({ sources: [inline], destination: "/f" })).toEqual(["f=text\n"]);
});
