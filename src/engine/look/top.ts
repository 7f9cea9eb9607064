import { readFileSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import type { ProcessTable } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { notRunning } from "../life/stop.ts";

/** USER_HZ; the kernel's interface has it fixed at 100 (proc_pid_stat(5)). */
const TICKS = 100;

const TITLES = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"];

/** The processes of a container as `ps -ef` prints them; the host needs no ps. NOT_RUNNING. */
export async function top(entry: Entry, psArguments: string): Promise<ProcessTable> {
  if (entry.live === null) throw notRunning(entry, "list the processes of");
  if (!["", "-ef", "-e -f", "ef", "aux"].includes(psArguments.trim()))
    throw new InroError("INVALID_OPTION", {
      what: `cannot list processes with "${psArguments}"`,
      why: "only the columns of `ps -ef` are shown",
      hint: "leave the arguments away",
    });
  const bootTime = Number(/^btime ([0-9]+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? 0);
  const processes = (await entry.live.processes()).flatMap((pid) => {
    const row = processRow(pid, bootTime);
    return row === undefined ? [] : [row];
  });
  return { titles: TITLES, processes };
}

function processRow(pid: number, bootTime: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // proc_pid_stat(5): the name in parentheses may hold anything, parentheses too.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const uid = /^Uid:\s*([0-9]+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "?";
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
    const name = `[${stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"))}]`;
    const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
    const started = bootTime + Number(fields[19]) / TICKS;
    const load = Math.round((100 * seconds) / Math.max(1, Date.now() / 1000 - started));
    return [
      uid,
      String(pid),
      fields[1] ?? "?",
      String(load),
      clock(started),
      terminal(Number(fields[4])),
      duration(seconds),
      words === "" ? name : words,
    ];
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 5);
}

function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  return [whole / 3600, (whole / 60) % 60, whole % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");
}

/** proc_pid_stat(5), tty_nr: the minor number is in bits 31 to 20 and 7 to 0, the major in 15 to 8. */
function terminal(number: number): string {
  if (number === 0) return "?";
  const major = (number >> 8) & 0xff;
  const minor = (number & 0xff) | ((number >> 12) & 0xfff00);
  return major >= 136 && major <= 143 ? `pts/${minor + (major - 136) * 256}` : `tty${minor}`;
}
