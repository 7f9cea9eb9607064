import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { debianRoot } from "../support/debian.ts";
import { cacheFolder, tool, toolRoot } from "../support/tools.ts";
import { imageArchive, writeBusybox } from "./images.ts";
import { copyModules } from "./modules.ts";

const project = join(import.meta.dir, "../..");

/** What qemu boots from. */
export interface Boot {
  readonly kernel: string;
  readonly initramfs: string;
  readonly disk: string;
}

/** What the machine is to do: check the executable, wholly or in parts, or run tests of this checkout. */
export type Work = "checks" | "smoke" | "quota" | { readonly tests: readonly string[] };

/** Makes an initramfs, which loads modules, and an ext4 disk below `folder`. */
export function makeBoot(folder: string, work: Work): Boot {
  const root = toolRoot("debian-kernel") ?? "";
  const kernel = globSync("boot/vmlinuz-*", { cwd: root })[0];
  const modules = globSync("lib/modules/*", { cwd: root })[0];
  if (kernel === undefined || modules === undefined) throw new Error(`${root}: no kernel in it`);
  const busybox = join(toolRoot("busybox") ?? "", "bin/busybox");
  return {
    kernel: join(root, kernel),
    initramfs: makeInitramfs(folder, busybox, join(root, modules)),
    disk: makeDisk(folder, (tree) =>
      typeof work === "string" ? writeChecks(tree, busybox, work) : writeProject(tree, work.tests),
    ),
  };
}

function makeInitramfs(folder: string, busybox: string, modules: string): string {
  const tree = join(folder, "initramfs");
  for (const name of ["bin", "modules", "dev", "proc", "disk"])
    mkdirSync(join(tree, name), { recursive: true });
  copyFileSync(busybox, join(tree, "bin/busybox"));
  chmodSync(join(tree, "bin/busybox"), 0o755);
  symlinkSync("busybox", join(tree, "bin/sh"));
  writeFileSync(join(tree, "modules/order"), `${copyModules(modules, join(tree, "modules")).join("\n")}\n`);
  copyScript("init.sh", join(tree, "init"));
  const file = join(folder, "initramfs.cpio");
  run("sh", ["-c", `cd "$1" && "$2" find . | "$2" cpio -o -H newc > "$3"`, "sh", tree, busybox, file]);
  return file;
}

function makeDisk(folder: string, write: (tree: string) => void): string {
  const tree = join(folder, "disk");
  mkdirSync(tree);
  write(tree);
  copyScript("start.sh", join(tree, "start.sh"));
  const file = join(folder, "disk.ext4");
  run("mke2fs", ["-q", "-t", "ext4", "-d", tree, file, "4g"]);
  return file;
}

/** Busybox, the executable with its libraries, images and a bundle. */
function writeChecks(tree: string, busybox: string, work: "checks" | "smoke" | "quota"): void {
  writeBusybox(tree, busybox);
  for (const name of ["var/lib", "images", "bundle/rootfs"]) mkdirSync(join(tree, name), { recursive: true });
  copyProgram(join(project, "build/inro"), tree, "bin/inro");
  copyFileSync(join(project, "build/inro-runtime"), join(tree, "bin/inro-runtime"));
  writeBusybox(join(tree, "bundle/rootfs"), busybox);
  copyFileSync(join(import.meta.dir, "bundle.json"), join(tree, "bundle/config.json"));
  copyScript("say.sh", join(tree, "say.sh"));
  copyScript(`${work}.sh`, join(tree, "checks.sh"));
  if (work === "smoke") return;
  writeFileSync(join(tree, "images/busybox.tar"), imageArchive("busybox", busybox, 0));
  writeFileSystems(tree);
  writeFileSync(join(tree, "images/many.tar"), imageArchive("many", busybox, 90));
}

/** ext4 and xfs as files, empty, and what tells of their quotas. */
function writeFileSystems(tree: string): void {
  copyScript("quota.sh", join(tree, "quota.sh"));
  const images = { "ext4.img": 256, "xfs.img": 512 };
  for (const [name, mebibytes] of Object.entries(images)) {
    writeFileSync(join(tree, "images", name), "");
    truncateSync(join(tree, "images", name), mebibytes * 2 ** 20);
  }
  const projects = ["-O", "quota,project", "-E", "quotatype=prjquota"];
  run("mke2fs", ["-q", "-F", "-t", "ext4", ...projects, join(tree, "images/ext4.img")]);
  run(tool("mkfs.xfs") ?? "mkfs.xfs", ["-q", join(tree, "images/xfs.img")]);
  copyProgram(join(toolRoot("mkfs.xfs") ?? "", "usr/sbin/xfs_quota"), tree, "bin/xfs_quota");
}

/** A Debian root with this checkout, Bun and the tools that its tests look for. */
function writeProject(tree: string, tests: readonly string[]): void {
  const debian = debianRoot();
  if (debian === undefined) throw new Error("there is no Debian root: npm test makes it");
  run("tar", ["-C", tree, "-xzf", debian]);
  const inside = join(tree, "project");
  mkdirSync(inside);
  for (const name of [
    "src",
    "test",
    "native",
    "scripts",
    "bench",
    "docs",
    "build",
    "package.json",
    "tsconfig.json",
  ])
    run("cp", ["-a", join(project, name), inside]);
  const modules = readdirSync(join(project, "node_modules")).filter(
    (name) => !/^(@biomejs|typescript|@typescript|@oxc.*|knip)$/.test(name),
  );
  mkdirSync(join(inside, "node_modules"));
  for (const name of modules)
    run("cp", ["-a", join(project, "node_modules", name), join(inside, "node_modules")]);
  for (const program of ["/sbin/ip", "/sbin/tc", "/usr/bin/strace"]) {
    if (existsSync(program)) copyProgram(realpathSync(program), tree, join("usr/bin", basename(program)));
  }
  for (const name of ["busybox", "umoci", "skopeo", "docker-registry", "nft", "ping"] as const) {
    const folder = dirname(toolRoot(name) ?? "");
    if (folder === ".") continue;
    mkdirSync(join(tree, dirname(folder)), { recursive: true });
    run("cp", ["-a", folder, join(tree, dirname(folder))]);
  }
  // Fetched tools use libraries of the system that fetched them.
  for (const name of ["nft", "ping"] as const) {
    const root = toolRoot(name) ?? "/nonexistent";
    for (const file of globSync(["{usr/sbin,bin}/*", "{usr/lib,lib}/*/*.so*"], { cwd: root }))
      copyProgram(join(root, file), tree, join(root, file));
  }
  copyFileSync(join(toolRoot("busybox") ?? "", "bin/busybox"), join(tree, "bin/busybox"));
  const words = tests.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const lines = [
    "#!/bin/sh",
    `export NO_COLOR=1 INRO_TEST_CACHE='${cacheFolder()}'`,
    "cd /project",
    `scripts/bun test --timeout=300000 ${words} 2>&1`,
    'echo "end $?"',
  ];
  writeFileSync(join(tree, "checks.sh"), `${lines.join("\n")}\n`, { mode: 0o755 });
}

/** A program at another place, and the loader and libraries that it is linked with at the paths that it asks for. */
function copyProgram(program: string, tree: string, place: string): void {
  const lines = run("ldd", [program]).split("\n");
  const libraries = lines.flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  for (const [from, to] of [[program, place], ...libraries.map((library) => [library, library])] as const) {
    const target = join(tree, to ?? "");
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(from ?? "", target);
  }
}

function copyScript(name: string, target: string): void {
  copyFileSync(join(import.meta.dir, name), target);
  chmodSync(target, 0o755);
}

function run(command: string, args: readonly string[]): string {
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const result = spawnSync(command, args, { encoding: "utf8", env });
  if (result.error !== undefined) throw new Error(`${command}: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${command}: ${result.stderr.trim()}`);
  return result.stdout;
}
