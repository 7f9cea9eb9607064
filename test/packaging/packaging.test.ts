import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { busyboxArchive, busyboxMissing } from "../clients/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tool } from "../support/tools.ts";

const root = join(import.meta.dir, "../..");
const packaging = (name: string) => join(root, "packaging", name);
const scripts = ["inro.init", "install", "uninstall"];

describe.each(scripts)("packaging/%s", (name) => {
  test.each([
    ["dash", "/bin/sh", []],
    ["busybox", tool("busybox"), ["sh"]],
    ["bash", "/bin/bash", ["--posix"]],
  ] as const)("is a script that %s can read", (_, shell, words) => {
    if (shell === undefined || !existsSync(shell)) return;
    const { status, stderr } = spawnSync(shell, [...words, "-n", packaging(name)], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test.skipIf(tool("shellcheck") === undefined)("shellcheck has nothing to say of it", () => {
    const { stdout } = spawnSync(tool("shellcheck") ?? "", ["-s", "sh", packaging(name)], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
  });
});

test("the unit starts what is installed, and leaves containers alone", () => {
  const lines = readFileSync(packaging("inro.service"), "utf8").split("\n");
  const settings = lines.filter((line) => line !== "" && !/^[#[]/.test(line));
  for (const line of settings) expect(line).toMatch(/^[A-Z][A-Za-z]+=\S/);
  const value = (key: string) => settings.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
  expect(value("KillMode")).toBe("process");
  expect(value("RuntimeDirectory")).toBeUndefined();
  expect(value("ExecStart")).toMatch(/^\/usr\/bin\/inro serve /);
  // Every word for `inro serve` is one that it knows.
  const known = spawnSync(join(root, "build/inro"), ["serve", "--help"], { encoding: "utf8" }).stdout;
  for (const option of value("ExecStart")?.match(/--[a-z-]+/g) ?? []) expect(known).toContain(option);
});

test("install puts everything below DESTDIR, uninstall takes it away and leaves data and settings", () => {
  using folder = temporaryFolder("install");
  const run = (script: string, env: Record<string, string> = {}) =>
    spawnSync(packaging(script), { encoding: "utf8", env: { ...process.env, DESTDIR: folder.path, ...env } });
  const files = () =>
    globSync("**/*", { cwd: folder.path })
      .filter((path) => statSync(join(folder.path, path)).isFile())
      .sort();
  const kept = ["etc/inro/trust.json", "var/lib/inro/inro.db"];
  for (const path of kept) {
    mkdirSync(join(folder.path, path, ".."), { recursive: true });
    writeFileSync(join(folder.path, path), "");
  }
  const installed = run("install", { PREFIX: "/opt/inro" });
  expect(installed).toMatchObject({ status: 0, stderr: "" });
  expect(files()).toEqual([
    "etc/init.d/inro",
    ...kept.slice(0, 1),
    "opt/inro/bin/inro",
    "opt/inro/bin/inro-runtime",
    "opt/inro/share/bash-completion/completions/inro",
    "opt/inro/share/fish/vendor_completions.d/inro.fish",
    "opt/inro/share/inro/uninstall",
    "opt/inro/share/zsh/site-functions/_inro",
    "usr/lib/systemd/system/inro.service",
    "usr/lib/systemd/system/inro.socket",
    ...kept.slice(1),
  ]);
  const read = (path: string) => readFileSync(join(folder.path, path), "utf8");
  expect(read("usr/lib/systemd/system/inro.service")).toContain("ExecStart=/opt/inro/bin/inro serve");
  expect(read("etc/init.d/inro")).toContain("INRO=/opt/inro/bin/inro\n");
  const version = spawnSync(join(folder.path, "opt/inro/bin/inro"), ["--version"], { encoding: "utf8" });
  expect(version).toMatchObject({ status: 0, stderr: "" });
  const removed = run("uninstall", { PREFIX: "/opt/inro" });
  expect(removed).toMatchObject({ status: 0, stderr: "" });
  expect(files()).toEqual(kept);
  expect(removed.stdout).toContain(join(folder.path, "var/lib/inro"));
});

describe.skipIf(rootMissing || busyboxMissing)("the init script", () => {
  test("start, status, restart and stop: containers go on, and what is asked twice is done once", async () => {
    using host = await ownHost();
    using folder = temporaryFolder("init");
    const [data, run] = [join(folder.path, "data"), join(folder.path, "run")];
    const inro = join(folder.path, "inro");
    const install = () => {
      for (const name of ["inro", "inro-runtime"]) {
        copyFileSync(join(root, "build", name), join(folder.path, `${name}.new`));
        renameSync(join(folder.path, `${name}.new`), join(folder.path, name));
      }
    };
    install();
    const group = 54321;
    const defaults = join(folder.path, "defaults");
    const settings = [
      `INRO=${inro}`,
      `INRO_DATA_ROOT=${data}`,
      `INRO_EXEC_ROOT=${run}`,
      `INRO_OPTIONS="--group ${group}"`,
    ];
    writeFileSync(defaults, settings.join("\n"));
    const script = (verb: string) =>
      host.run("/bin/sh", [packaging("inro.init"), verb], { env: { INRO_DEFAULTS: defaults } });
    const client = (...words: string[]) =>
      host.run(inro, ["-H", `unix://${join(run, "inro.sock")}`, ...words]);
    try {
      expect(await script("status")).toMatchObject({ code: 3, stdout: "inro does not run.\n" });
      expect(await script("stop")).toMatchObject({ code: 0 });
      const started = await script("start");
      expect(started).toMatchObject({ code: 0, stderr: "" });
      expect(started.stdout).toMatch(/^inro serves \(pid \d+\)\.$/m);
      expect(await script("status")).toMatchObject({ code: 0, stdout: started.stdout });
      expect((await script("start")).stdout).toContain("runs already");
      const socket = statSync(join(run, "inro.sock"));
      expect([socket.mode & 0o777, socket.gid]).toEqual([0o660, group]);
      await host.run(inro, ["-H", `unix://${join(run, "inro.sock")}`, "load"], { input: busyboxArchive() });
      const made = await client(
        "run",
        "-d",
        "--network",
        "none",
        "--name",
        "goes-on",
        "busybox",
        "sleep",
        "600",
      );
      expect(made.code).toBe(0);
      // An upgrade: the daemon runs a file that has no name any more.
      install();
      expect(await script("status")).toMatchObject({ code: 0 });
      expect((await script("restart")).stdout).toMatch(/is stopped; its containers go on\.\ninro serves/);
      expect((await client("exec", "goes-on", "echo", "still here")).stdout).toBe("still here\n");
      expect(await script("stop")).toMatchObject({ code: 0, stderr: "" });
      expect(await script("status")).toMatchObject({ code: 3 });
      expect((await client("ps")).code).not.toBe(0);
      // A pid file that a dead daemon left: its number may be anybody's by now.
      writeFileSync(join(run, "inro.pid"), `${process.pid}\n`);
      expect(await script("status")).toMatchObject({ code: 1 });
      expect(await script("stop")).toMatchObject({ code: 0, stdout: "inro does not run.\n" });
      expect((await script("try-restart")).code).toBe(0);
      expect((await script("start")).code).toBe(0);
      expect((await client("rm", "-f", "goes-on")).code).toBe(0);
      expect(await script("nonsense")).toMatchObject({ code: 2 });
    } finally {
      await script("stop");
    }
    writeFileSync(defaults, [...settings, 'INRO_OPTIONS="--no-such-option"'].join("\n"));
    const failed = await script("start");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('cannot understand "--no-such-option"');
    expect(readdirSync(run)).not.toContain("inro.pid");
  }, 60_000);
});
