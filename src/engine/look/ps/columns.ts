import { readFileSync, readlinkSync } from "node:fs";
import type { Moment, Process } from "./process.ts";

export interface Accounts {
  readonly user: (id: number) => string;
  readonly group: (id: number) => string;
}

export interface Column {
  readonly title: string;
  readonly of: (process: Process, moment: Moment, accounts: Accounts) => string | number;
}

const column = (title: string, of: Column["of"]): Column => ({ title, of });

const PAGE = 4096;

/** Ended, and not waited for by its parent. */
const isZombie = ({ state }: Process): boolean => state === "Z";

const name = (process: Process): string => process.name + (isZombie(process) ? " <defunct>" : "");

const words = (process: Process): string =>
  process.words === "" ? `[${process.name}]${isZombie(process) ? " <defunct>" : ""}` : process.words;

const two = (part: number): string => String(Math.floor(part)).padStart(2, "0");

/** `[DD-]HH:MM:SS`. */
function longTime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const clock = [(seconds / 3600) % 24, (seconds / 60) % 60, seconds % 60].map(two).join(":");
  return days > 0 ? `${two(days)}-${clock}` : clock;
}

/** `MM:SS`, `HH:MM:SS` or `D-HH:MM:SS`. */
function elapsed(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const clock = [(seconds / 60) % 60, seconds % 60].map(two).join(":");
  if (days > 0) return `${days}-${two((seconds / 3600) % 24)}:${clock}`;
  return seconds >= 3600 ? `${two(seconds / 3600)}:${clock}` : clock;
}

const begin = ({ age }: Process, { now }: Moment): Date => new Date(now.getTime() - age * 1000);
const month = (date: Date): string => date.toLocaleString("en-US", { month: "short" });
const clock = (date: Date): string => `${two(date.getHours())}:${two(date.getMinutes())}`;

/** The time of today, the day of this year, or the year. */
function startTime(process: Process, moment: Moment): string {
  const [date, { now }] = [begin(process, moment), moment];
  if (date.getFullYear() !== now.getFullYear()) return String(date.getFullYear());
  const isToday = date.getMonth() === now.getMonth() && date.getDate() === now.getDate();
  return isToday ? clock(date) : `${month(date)}${two(date.getDate())}`;
}

function longStart(process: Process, moment: Moment): string {
  const date = begin(process, moment);
  const day = date.toLocaleString("en-US", { weekday: "short" });
  return `${day} ${month(date)} ${String(date.getDate()).padStart(2)} ${clock(date)}:${two(date.getSeconds())} ${date.getFullYear()}`;
}

/** proc_pid_stat(5), tty_nr: the minor number is in bits 31 to 20 and 7 to 0, the major in 15 to 8. */
function terminal({ stat }: Process): string {
  const number = stat(7);
  if (number === 0) return "?";
  const major = (number >> 8) & 0xff;
  const minor = (number & 0xff) | ((number >> 12) & 0xfff00);
  return major >= 136 && major <= 143 ? `pts/${minor + (major - 136) * 256}` : `tty${minor}`;
}

/** ps(1), "PROCESS STATE CODES". */
function stateCodes(process: Process): string {
  const { stat, state, pid, hasLockedPages } = process;
  const nice = stat(19);
  return [
    state,
    nice < 0 ? "<" : nice > 0 ? "N" : "",
    hasLockedPages ? "L" : "",
    stat(6) === pid ? "s" : "",
    stat(20) > 1 ? "l" : "",
    stat(8) === stat(5) ? "+" : "",
  ].join("");
}

const percent = ({ seconds, stat, age }: Process): number =>
  age < 0.01 || seconds < 0 ? 0 : (stat(14) + stat(15)) / age;

function waitsIn({ pid }: Process): string {
  const at = readFileSync(`/proc/${pid}/wchan`, "utf8");
  return at === "0" || at === "" ? "-" : at;
}

const namespace =
  (type: string): Column["of"] =>
  ({ pid }) =>
    /\d+/.exec(readlinkSync(`/proc/${pid}/ns/${type}`))?.[0] ?? "-";

// sched(7): SCHED_OTHER, FIFO, RR, BATCH, (ISO), IDLE, DEADLINE.
const CLASSES = ["TS", "FF", "RR", "B", "ISO", "IDL", "DLN"];

const schedulingClass: Column["of"] = ({ stat }) => CLASSES[stat(41)] ?? "?";

const user = (title: string, index: number): Column =>
  column(title, ({ uids }, _, { user: nameOf }) => nameOf(uids[index] ?? 0));
const group = (title: string, index: number): Column =>
  column(title, ({ gids }, _, { group: nameOf }) => nameOf(gids[index] ?? 0));
const uid = (title: string, index: number): Column => column(title, ({ uids }) => uids[index] ?? 0);
const gid = (title: string, index: number): Column => column(title, ({ gids }) => gids[index] ?? 0);
const field = (title: string, number: number): Column => column(title, ({ stat }) => stat(number));
const size = (title: string): Column => column(title, ({ stat }) => Math.floor(stat(23) / 1024));
const resident = (title: string): Column => column(title, (process) => process.resident);

/** ps(1), "STANDARD FORMAT SPECIFIERS", by all their names. */
export const COLUMNS = {
  "%cpu": column("%CPU", (process) => percent(process).toFixed(1)),
  "%mem": column("%MEM", ({ resident }, { memory }) => ((100 * resident * 1024) / memory).toFixed(1)),
  args: column("COMMAND", words),
  bsdstart: column("START", (process, moment) => {
    const date = begin(process, moment);
    return process.age < 86_400 ? clock(date) : `${month(date)}${two(date.getDate())}`;
  }),
  bsdtime: column("TIME", ({ seconds }) => `${Math.floor(seconds / 60)}:${two(seconds % 60)}`),
  c: column("C", (process) => Math.min(99, Math.floor(percent(process)))),
  cgroup: column("CGROUP", ({ pid }) =>
    readFileSync(`/proc/${pid}/cgroup`, "utf8")
      .split("\n")
      .filter((line) => !/^$|:\/$/.test(line))
      .join(","),
  ),
  cls: column("CLS", schedulingClass),
  policy: column("POL", schedulingClass),
  cmd: column("CMD", words),
  comm: column("COMMAND", name),
  egid: gid("EGID", 1),
  egroup: group("EGROUP", 1),
  etime: column("ELAPSED", ({ age }) => elapsed(age)),
  etimes: column("ELAPSED", ({ age }) => Math.floor(age)),
  euid: uid("EUID", 1),
  euser: user("EUSER", 1),
  f: column("F", ({ stat }) => ((stat(9) >> 6) & 7).toString(8)),
  gid: gid("GID", 1),
  group: group("GROUP", 1),
  ipcns: column("IPCNS", namespace("ipc")),
  lstart: column("STARTED", longStart),
  mntns: column("MNTNS", namespace("mnt")),
  netns: column("NETNS", namespace("net")),
  ni: field("NI", 19),
  nlwp: field("NLWP", 20),
  thcount: field("THCNT", 20),
  opri: column("PRI", ({ stat }) => stat(18) + 60),
  pgid: field("PGID", 5),
  pgrp: field("PGRP", 5),
  pid: column("PID", ({ pid }) => pid),
  pidns: column("PIDNS", namespace("pid")),
  ppid: field("PPID", 4),
  priority: field("PRI", 18),
  pri: column("PRI", ({ stat }) => 39 - stat(18)),
  psr: field("PSR", 39),
  rgid: gid("RGID", 0),
  rgroup: group("RGROUP", 0),
  rss: resident("RSS"),
  rsz: resident("RSZ"),
  rtprio: column("RTPRIO", ({ stat }) => (stat(41) === 1 || stat(41) === 2 ? stat(40) : "-")),
  ruid: uid("RUID", 0),
  ruser: user("RUSER", 0),
  s: column("S", ({ state }) => state),
  sid: field("SID", 6),
  sess: field("SESS", 6),
  session: field("SESS", 6),
  start: column("STARTED", (process, moment) => {
    const date = begin(process, moment);
    return process.age < 86_400
      ? `${clock(date)}:${two(date.getSeconds())}`
      : `${month(date)} ${two(date.getDate())}`;
  }),
  stat: column("STAT", stateCodes),
  stime: column("STIME", startTime),
  start_time: column("START", startTime),
  sz: column("SZ", ({ stat }) => Math.floor(stat(23) / PAGE)),
  time: column("TIME", ({ seconds }) => longTime(seconds)),
  times: column("TIME", ({ seconds }) => seconds),
  tpgid: field("TPGID", 8),
  tt: column("TT", terminal),
  tname: column("TTY", terminal),
  uid: uid("UID", 1),
  ucmd: column("CMD", name),
  /** What -f shows in its place. */
  owner: user("UID", 1),
  user: user("USER", 1),
  userns: column("USERNS", namespace("user")),
  utsns: column("UTSNS", namespace("uts")),
  vsz: size("VSZ"),
  wchan: column("WCHAN", waitsIn),
  addr: column("ADDR", () => "-"),
} as const;

export type Specifier = keyof typeof COLUMNS;

/** Other names of the same. */
export const ALIASES: Readonly<Record<string, Specifier>> = {
  ...{ pcpu: "%cpu", pmem: "%mem", command: "args", cputime: "time", cputimes: "times", class: "cls" },
  ...{ flag: "f", flags: "f", nice: "ni", rssize: "rss", state: "s", tty: "tt", ucomm: "comm" },
  ...{ uname: "user", vsize: "vsz" },
};
