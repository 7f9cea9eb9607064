import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { download } from "../../../src/build/context/download.ts";
import { clone, commitOf } from "../../../src/build/context/git.ts";
import { type GitRemote, remoteOf } from "../../../src/build/context/remote.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { native } from "../../image/fixtures.ts";
import { listening } from "../../support/listening.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const folder = temporaryFolder("remote");
const place = join(folder.path, "scratch");
/** A new one each time. */
function empty(): string {
  mkdirSync(place, { recursive: true });
  return mkdtempSync(join(place, "x"));
}
afterAll(() => folder[Symbol.dispose]());

describe("what a text is", () => {
  test.each([
    ["https://host/a.git", { repository: "https://host/a.git", ref: "", subfolder: "" }],
    ["https://host/a.git#v1:docs/x", { repository: "https://host/a.git", ref: "v1", subfolder: "docs/x" }],
    [
      "http://u:p@host:8080/a.git#:docs",
      { repository: "http://u:p@host:8080/a.git", ref: "", subfolder: "docs" },
    ],
    ["git://host/a#feature/b", { repository: "git://host/a", ref: "feature/b", subfolder: "" }],
    [
      "git@github.com:moby/buildkit.git#v0.14.1:docs",
      { repository: "git@github.com:moby/buildkit.git", ref: "v0.14.1", subfolder: "docs" },
    ],
    ["ssh://git@host:22/a.git", { repository: "ssh://git@host:22/a.git", ref: "", subfolder: "" }],
    ["github.com/a/b#main", { repository: "https://github.com/a/b", ref: "main", subfolder: "" }],
  ])("%s is a repository", (text, expected) => expect(remoteOf(text)).toEqual({ kind: "git", ...expected }));

  test.each(["http://host/a", "https://host/a.git/x", "https://host/a.tar.gz#x"])("%s is a file", (text) =>
    expect(remoteOf(text)).toEqual({ kind: "http", url: text }),
  );

  test.each(["a", ".", "./git@host", "a:b", "/a.git", "C:\\x", "ext::sh -c id", "file:///etc", "-x@host:a"])(
    "%s is a path",
    (text) => expect(remoteOf(text)).toBeUndefined(),
  );

  test.each([
    "https://host/a.git#--upload-pack=id",
    "https://host/a.git#a..b",
    "https://host/a.git#a:../../x",
    "https://host/a.git#a^{/x}",
    "ssh://-oProxyCommand=id/a.git",
    "ssh://git@-oProxyCommand=id/a.git",
    "git://host/a b",
    "https://host/a.git#a\nb",
  ])("%s is refused (R24)", (text) =>
    expect(() => remoteOf(text)).toThrow(expect.objectContaining({ code: "GIT_URL_INVALID" })),
  );
});

describe("downloads", () => {
  const hash = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}` as Digest;
  const seen: { url: string; authorization: string | undefined }[] = [];
  const server = createServer(({ url = "", headers }, answer) => {
    seen.push({ url, authorization: headers.authorization });
    const other = `http://localhost:${(server.address() as { port: number }).port}`;
    if (url === "/file.txt") answer.setHeader("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT").end("text");
    else if (url === "/plain") answer.end("text");
    else if (url.startsWith("/loop")) answer.writeHead(302, { location: `${url}x` }).end();
    else if (url === "/away") answer.writeHead(302, { location: `${other}/plain` }).end();
    else if (url === "/local") answer.writeHead(302, { location: "file:///etc/passwd" }).end();
    else if (url === "/cut") {
      answer.writeHead(200, { "content-length": "100" }).write("only this");
      setTimeout(() => answer.destroy(), 50);
    } else answer.writeHead(404).end();
  });
  let base = "";
  beforeAll(async () => {
    base = `http://${(await listening(server)).address}`;
  });
  afterAll(() => server.close());

  test("a file has the URL's name, mode 0600 and the server's time", async () => {
    const file = await download(empty(), `${base}/file.txt#fragment`);
    expect(file).toMatchObject({ name: "file.txt", file: "file.txt", digest: hash("text") });
    const { mode, mtimeMs } = statSync(join(file.folder, "file.txt"));
    expect([(mode & 0o777).toString(8), mtimeMs]).toEqual(["600", Date.parse("2015-10-21T07:28:00Z")]);
    const other = await download(empty(), `${base}/plain`);
    expect(statSync(join(other.folder, other.file)).mtimeMs).toBe(0);
  });

  test("what cannot be had is an error with its reason", async () => {
    const refused = (url: string, o = {}) => expect(download(empty(), `${base}${url}`, o)).rejects;
    await refused("/gone").toMatchObject({
      code: "DOWNLOAD_FAILED",
      why: "the server answers 404 Not Found",
    });
    await refused("/loop").toMatchObject({
      code: "DOWNLOAD_FAILED",
      why: expect.stringContaining("redirects more than"),
    });
    await refused("/local").toMatchObject({ code: "DOWNLOAD_FAILED", why: expect.stringContaining("file:") });
    await refused("/cut").toMatchObject({ code: "DOWNLOAD_FAILED" });
    await refused("/plain", { most: 3 }).toMatchObject({
      code: "DOWNLOAD_FAILED",
      why: "it is larger than 3 bytes",
    });
    await refused("/plain", { checksum: hash("other") }).toMatchObject({
      code: "DOWNLOAD_MISMATCH",
      at: "--checksum",
    });
    await refused("/plain", { signal: AbortSignal.abort(new Error("stopped")) }).toThrow("stopped");
    await expect(download(empty(), "http://127.0.0.1:1/x")).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
    });
    const file = await download(empty(), `${base}/plain`, { checksum: hash("text") });
    expect(file.digest).toBe(hash("text"));
  });

  test("credentials go to their own server alone, and are not shown", async () => {
    seen.length = 0;
    await download(empty(), `${base}/away`, { authorization: "Bearer secret" });
    expect(seen).toEqual([
      { url: "/away", authorization: "Bearer secret" },
      { url: "/plain", authorization: undefined },
    ]);
    await expect(download(empty(), `${base.replace("//", "//me:secret@")}/gone`)).rejects.toMatchObject({
      what: expect.not.stringContaining("secret"),
    });
    expect(seen.at(-1)?.authorization).toBe(`Basic ${Buffer.from("me:secret").toString("base64")}`);
  });
});

const gitMissing = Bun.which("git") === null || !existsSync("/usr/lib/git-core/git-daemon");

describe.skipIf(gitMissing)("repositories", () => {
  const served = join(folder.path, "served");
  const work = join(folder.path, "work");
  let daemon: ChildProcess;
  let base = "";
  const run = (cwd: string, ...words: string[]) => {
    const env = {
      ...process.env,
      GIT_AUTHOR_DATE: "1700000000 +0000",
      GIT_COMMITTER_DATE: "1700000000 +0000",
    };
    const id = ["-c", "user.name=x", "-c", "user.email=x@x", "-c", "protocol.file.allow=always"];
    const done = Bun.spawnSync(["git", ...id, ...words], { cwd, env });
    if (!done.success) throw new Error(`git ${words.join(" ")}: ${done.stderr.toString()}`);
    return done.stdout.toString().trim();
  };
  let first = "";
  let second = "";

  beforeAll(async () => {
    for (const path of [served, work]) mkdirSync(path);
    run(work, "init", "-q", "-b", "main");
    mkdirSync(join(work, "docs"));
    writeFileSync(join(work, "docs/a"), "1");
    writeFileSync(join(work, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync("/etc", join(work, "host"));
    symlinkSync("docs", join(work, "link"));
    run(work, "add", ".");
    run(work, "commit", "-qm", "one");
    run(work, "tag", "-am", "v1", "v1");
    first = run(work, "rev-parse", "HEAD");
    writeFileSync(join(work, "docs/a"), "2");
    run(work, "commit", "-qam", "two");
    second = run(work, "rev-parse", "HEAD");
    run(served, "clone", "-q", "--bare", work, "a.git");
    const port = await freePort();
    base = `git://127.0.0.1:${port}`;
    const words = [
      "--reuseaddr",
      "--listen=127.0.0.1",
      `--port=${port}`,
      "--export-all",
      `--base-path=${served}`,
      served,
    ];
    daemon = spawn("/usr/lib/git-core/git-daemon", words, { stdio: "ignore" });
    await reached(port);
  });
  afterAll(async () => {
    daemon.kill("SIGKILL");
    await new Promise((resolve) => daemon.once("exit", resolve));
  });

  const remote = (text: string) => remoteOf(`${base}/${text}`) as GitRemote;

  test("branch, tag, commit and folder are fetched, without .git and with the commit's time", async () => {
    for (const [text, commit, content] of [
      ["a.git", second, "2"],
      ["a.git#main", second, "2"],
      ["a.git#v1", first, "1"],
      [`a.git#${first}`, first, "1"],
      [`a.git#${first.slice(0, 8)}`, first, "1"],
    ] as const) {
      const found = await clone(native, empty(), remote(text));
      expect(found.commit).toBe(commit);
      expect(readFileSync(join(found.folder, "docs/a"), "utf8")).toBe(content);
      expect(readdirSync(found.folder).sort()).toEqual(["docs", "host", "link", "run.sh"]);
      expect(lstatSync(join(found.folder, "docs")).mtimeMs).toBe(1_700_000_000_000);
      const modes = ["docs", "docs/a", "run.sh"].map((name) =>
        (lstatSync(join(found.folder, name)).mode & 0o777).toString(8),
      );
      expect(modes).toEqual(["755", "644", "755"]);
    }
    const kept = await clone(native, empty(), remote("a.git"), { keepsGit: true });
    expect(existsSync(join(kept.folder, ".git/HEAD"))).toBe(true);
  });

  test("a folder of it is found inside it alone", async () => {
    const docs = await clone(native, empty(), remote("a.git#:docs"));
    expect(readdirSync(docs.folder)).toEqual(["a"]);
    const linked = await clone(native, empty(), remote("a.git#main:link"));
    expect(readdirSync(linked.folder)).toEqual(["a"]);
    // Inside the repository there is no /etc.
    for (const part of ["host", "none", "docs/a"])
      await expect(clone(native, empty(), remote(`a.git#main:${part}`))).rejects.toMatchObject({
        code: "GIT_FOLDER_MISSING",
      });
  });

  test("a reference's commit is known without fetching it", async () => {
    expect(await commitOf(empty(), remote("a.git"))).toBe(second);
    expect(await commitOf(empty(), remote("a.git#main"))).toBe(second);
    expect(await commitOf(empty(), remote("a.git#v1"))).toBe(first);
    expect(await commitOf(empty(), remote("a.git#none"))).toBeUndefined();
    expect(await commitOf(empty(), remote(`a.git#${first}`))).toBe(first);
  });

  test("errors say what git said", async () => {
    await expect(clone(native, empty(), remote("none.git"))).rejects.toMatchObject({
      code: "GIT_FAILED",
      what: `cannot fetch ${base}/none.git`,
    });
    await expect(clone(native, empty(), remote("a.git#none"))).rejects.toMatchObject({
      code: "GIT_FAILED",
      why: expect.stringContaining("none"),
    });
    await expect(clone(native, empty(), remote("a.git"), { checksum: "0000" })).rejects.toMatchObject({
      code: "DOWNLOAD_MISMATCH",
    });
    await clone(native, empty(), remote("a.git"), { checksum: second.slice(0, 7) });
  });

  test("submodules come along, but neither programs nor files of the host (R24)", async () => {
    const flag = join(folder.path, "owned");
    const withModule = (url: string) => {
      const path = join(folder.path, "module");
      rmSync(path, { recursive: true, force: true });
      run(folder.path, "clone", "-q", work, "module");
      run(path, "submodule", "--quiet", "add", "--", `file://${work}`, "sub");
      run(path, "config", "-f", ".gitmodules", "submodule.sub.url", url);
      run(path, "commit", "-qam", "module");
      rmSync(join(served, "m.git"), { recursive: true, force: true });
      run(served, "clone", "-q", "--bare", path, "m.git");
    };
    withModule(`${base}/a.git`);
    {
      const found = await clone(native, empty(), remote("m.git"));
      expect(readFileSync(join(found.folder, "sub/docs/a"), "utf8")).toBe("2");
      expect(existsSync(join(found.folder, "sub/.git"))).toBe(false);
    }
    for (const url of [`file://${work}`, work, `ext::sh -c touch% ${flag}`, "--upload-pack=touch"]) {
      withModule(url);
      await expect(clone(native, empty(), remote("m.git"))).rejects.toMatchObject({ code: "GIT_FAILED" });
    }
    expect(existsSync(flag)).toBe(false);
  });
});

/** Nobody has it a moment before the daemon, which takes no port of its own choice, is given it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await using place = await listening(server);
  return Number(place.address.split(":")[1]);
}

async function reached(port: number): Promise<void> {
  for (let round = 0; round < 200; round++) {
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isThere) return;
    await Bun.sleep(20);
  }
  throw new Error("the git daemon does not listen");
}
