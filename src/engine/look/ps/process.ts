import { readFileSync } from "node:fs";

/** USER_HZ; the kernel's interface has it fixed at 100 (proc_pid_stat(5)). */
const TICKS = 100;

/** What columns are made of; times in seconds, sizes in bytes unless said otherwise. */
export interface Process {
  readonly pid: number;
  /** The fields of /proc/PID/stat by their numbers in proc_pid_stat(5), from 3 on. */
  readonly stat: (field: number) => number;
  readonly state: string;
  readonly name: string;
  /** Empty for a kernel's thread and what has ended. */
  readonly words: string;
  /** Real, effective, saved, of the file system. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly hasLockedPages: boolean;
  /** KiB. */
  readonly resident: number;
  /** Processor time. */
  readonly seconds: number;
  /** Since its start. */
  readonly age: number;
}

/** The machine at the moment of the look. */
export interface Moment {
  /** Since the boot, in seconds. */
  readonly uptime: number;
  readonly memory: number;
  readonly now: Date;
}

export function momentNow(): Moment {
  const [uptime = "0"] = readFileSync("/proc/uptime", "utf8").split(" ");
  const memory = /^MemTotal:\s*(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1] ?? "1";
  return { uptime: Number(uptime), memory: Number(memory) * 1024, now: new Date() };
}

/** Undefined where it has ended meanwhile. */
export function readProcess(pid: number, { uptime }: Moment): Process | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything, parentheses too.
    const [open, close] = [text.indexOf("("), text.lastIndexOf(")")];
    const [state = "?", ...fields] = text.slice(close + 2).split(" ");
    const stat = (field: number) => Number(fields[field - 4]);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const line = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
    return {
      ...{ pid, stat, state },
      name: printable(text.slice(open + 1, close)),
      words: printable(
        readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0+$/, "").replaceAll("\0", " "),
      ),
      uids: line("Uid").split("\t").map(Number),
      gids: line("Gid").split("\t").map(Number),
      hasLockedPages: Number.parseInt(line("VmLck"), 10) > 0,
      // stat's own is not exact (proc_pid_stat(5)).
      resident: Number.parseInt(line("VmRSS"), 10) || 0,
      seconds: Math.floor((stat(14) + stat(15)) / TICKS),
      age: Math.max(0, uptime - stat(22) / TICKS),
    };
  } catch {
    return undefined;
  }
}

/** As ps(1): what would move a terminal's cursor is a question mark. */
const printable = (text: string): string => text.replace(/[\p{Cc}]/gu, "?");
