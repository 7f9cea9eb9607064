import { spawnSync } from "node:child_process";
import { existsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./temporary.ts";

/** Whether this machine can make block devices out of files (losetup(8)). */
export const canLoop =
  process.getuid?.() === 0 && existsSync("/dev/loop-control") && existsSync("/sbin/losetup");

export interface LoopDevice extends Disposable {
  readonly major: 7;
  readonly minor: number;
  /** Of this device's queue alone. */
  useScheduler(name: "none" | "bfq"): void;
}

/** A block device of the test's own, whose reads and writes go past the page cache where the file system can do that. */
export function loopDevice(bytes: number): LoopDevice {
  const folder = temporaryFolder("loop");
  const file = join(folder.path, "disk");
  writeFileSync(file, "");
  truncateSync(file, bytes);
  const [direct, buffered] = ["on", "off"].map((mode) => () => losetup(`--direct-io=${mode}`, file));
  const path = direct?.() ?? buffered?.();
  if (path === undefined) throw new Error(`losetup cannot make a device of ${file}`);
  const minor = Number(path.slice("/dev/loop".length));
  const useScheduler = (name: string) => writeFileSync(`/sys/block/loop${minor}/queue/scheduler`, name);
  return {
    major: 7,
    minor,
    useScheduler,
    [Symbol.dispose]: () => {
      useScheduler("none");
      spawnSync("/sbin/losetup", ["-d", path]);
      folder[Symbol.dispose]();
    },
  };
}

function losetup(...words: string[]): string | undefined {
  const { status, stdout } = spawnSync("/sbin/losetup", ["-f", "--show", ...words], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
