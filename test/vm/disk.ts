import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, globSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { toolRoot } from "../support/tools.ts";
import { imageArchive, writeBusybox } from "./images.ts";
import { copyModules } from "./modules.ts";

const project = join(import.meta.dir, "../..");

/** What qemu boots from. */
export interface Boot {
  readonly kernel: string;
  readonly initramfs: string;
  readonly disk: string;
}

/** Makes an initramfs, which loads modules, and an ext4 disk with this checkout's executable, below `folder`. */
export function makeBoot(folder: string): Boot {
  const root = toolRoot("debian-kernel") ?? "";
  const kernel = globSync("boot/vmlinuz-*", { cwd: root })[0];
  const modules = globSync("lib/modules/*", { cwd: root })[0];
  if (kernel === undefined || modules === undefined) throw new Error(`${root}: no kernel in it`);
  const busybox = join(toolRoot("busybox") ?? "", "bin/busybox");
  return {
    kernel: join(root, kernel),
    initramfs: makeInitramfs(folder, busybox, join(root, modules)),
    disk: makeDisk(folder, busybox),
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
  copyFileSync(join(import.meta.dir, "init.sh"), join(tree, "init"));
  chmodSync(join(tree, "init"), 0o755);
  const file = join(folder, "initramfs.cpio");
  run("sh", ["-c", `cd "$1" && "$2" find . | "$2" cpio -o -H newc > "$3"`, "sh", tree, busybox, file]);
  return file;
}

function makeDisk(folder: string, busybox: string): string {
  const tree = join(folder, "disk");
  writeBusybox(tree, busybox);
  for (const name of ["sys/fs", "var/lib", "images", "bundle/rootfs"])
    mkdirSync(join(tree, name), { recursive: true });
  for (const file of [join(project, "build/inro"), ...libraries(join(project, "build/inro"))]) {
    const target = file.startsWith(project) ? join(tree, "bin/inro") : join(tree, file);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(file, target);
  }
  symlinkSync("inro", join(tree, "bin/inro-runtime"));
  writeBusybox(join(tree, "bundle/rootfs"), busybox);
  copyFileSync(join(import.meta.dir, "bundle.json"), join(tree, "bundle/config.json"));
  writeFileSync(join(tree, "images/busybox.tar"), imageArchive("busybox", busybox, 0));
  writeFileSync(join(tree, "images/many.tar"), imageArchive("many", busybox, 90));
  for (const script of ["start.sh", "checks.sh"]) {
    copyFileSync(join(import.meta.dir, script), join(tree, script));
    chmodSync(join(tree, script), 0o755);
  }
  const file = join(folder, "disk.ext4");
  run("mke2fs", ["-q", "-t", "ext4", "-d", tree, file, "1g"]);
  return file;
}

/** The executable is linked with the system's libc: the loader and libraries at the paths that it asks for. */
function libraries(executable: string): string[] {
  const lines = run("ldd", [executable]).split("\n");
  return lines.flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

function run(command: string, args: readonly string[]): string {
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const result = spawnSync(command, args, { encoding: "utf8", env });
  if (result.error !== undefined) throw new Error(`${command}: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${command}: ${result.stderr.trim()}`);
  return result.stdout;
}
