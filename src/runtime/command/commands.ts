import type { Op } from "../../kernel/plan/operations.ts";
import type { Plan } from "../../kernel/plan/plan.ts";
import type { Caller } from "./caller.ts";
import type { CommandSyntax } from "./options.ts";

/** What every command of the OCI command line is told. */
export interface Invocation {
  readonly caller: Caller;
  /** Where state is kept. */
  readonly root: string;
  /** `--systemd-cgroup`: cgroups are to be systemd's to make. */
  readonly systemdCgroup: boolean;
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
  /** The native program's path; few commands need it. */
  readonly native: () => Promise<string>;
  /** Tells what went wrong and stops nothing, where errors are told. */
  readonly warn: (message: string) => void;
  /** `--debug`: tells a plan in the log, one line an operation. `surveyed`: what was asked before it. */
  readonly explain?: (plan: Plan, surveyed: readonly Op[]) => Promise<void>;
}

type Run = (invocation: Invocation) => Promise<number> | number;

/** Everything that is known of a command before it is loaded. */
export interface Command extends CommandSyntax {
  readonly usage: string;
  readonly about: string;
  /** How few and how many operands it takes. */
  readonly operands: readonly [least: number, most: number];
  /** The exit code of its own failure; the program's codes are kept apart from it. */
  readonly failure: number;
  readonly load: () => Promise<Run>;
}

const PLAIN = { switches: [], values: [], lists: [], short: {}, operands: [1, 1], failure: 1 } as const;

const CREATION = {
  ...PLAIN,
  switches: ["no-pivot", "no-new-keyring"],
  values: ["bundle", "pid-file", "console-socket", "preserve-fds"],
  short: { b: "bundle" },
} as const;

/** The commands and flags of runc, which its callers write; each is loaded when it is called. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  create: {
    ...CREATION,
    usage: "[flags] ID",
    about: "set a container up, to the point where its program waits for `start`",
    load: async () => (await import("./create.ts")).createCommand,
  },
  start: {
    ...PLAIN,
    usage: "ID",
    about: "let the program of a created container begin",
    load: async () => (await import("./start.ts")).startCommand,
  },
  run: {
    ...CREATION,
    switches: [...CREATION.switches, "detach", "keep", "no-subreaper"],
    short: { ...CREATION.short, d: "detach" },
    usage: "[flags] ID",
    about: "create and start; without --detach, stay until the program ends, and delete the container",
    load: async () => (await import("./run.ts")).runCommand,
  },
  exec: {
    ...PLAIN,
    switches: ["tty", "detach", "no-new-privs", "ignore-paused"],
    values: [
      ...["console-socket", "cwd", "user", "process", "pid-file", "process-label", "apparmor"],
      "preserve-fds",
    ],
    lists: ["env", "additional-gids", "cap", "cgroup"],
    short: {
      ...{ t: "tty", d: "detach", e: "env", u: "user", g: "additional-gids", p: "process", c: "cap" },
    },
    operands: [1, Number.POSITIVE_INFINITY],
    failure: 255,
    usage: "[flags] ID COMMAND [ARGUMENT …], or --process FILE [flags] ID",
    about: "start one more program in a container",
    load: async () => (await import("./exec.ts")).execCommand,
  },
  state: {
    ...PLAIN,
    usage: "ID",
    about: "print the state of a container, as JSON",
    load: async () => (await import("./state.ts")).stateCommand,
  },
  list: {
    ...PLAIN,
    switches: ["quiet"],
    values: ["format"],
    short: { q: "quiet", f: "format" },
    operands: [0, 0],
    usage: "[--quiet] [--format table|json]",
    about: "list the containers under --root",
    load: async () => (await import("./list.ts")).listCommand,
  },
  ps: {
    ...PLAIN,
    values: ["format"],
    short: { f: "format" },
    operands: [1, Number.POSITIVE_INFINITY],
    usage: "[--format table|json] ID [ps options]",
    about: "list the processes of a container",
    load: async () => (await import("./ps.ts")).psCommand,
  },
  kill: {
    ...PLAIN,
    switches: ["all"],
    short: { a: "all" },
    operands: [1, 2],
    usage: "[--all] ID [SIGNAL]",
    about: "send a signal (TERM) to the container's first process",
    load: async () => (await import("./kill.ts")).killCommand,
  },
  delete: {
    ...PLAIN,
    switches: ["force"],
    short: { f: "force" },
    usage: "[--force] ID",
    about: "take away what create made",
    load: async () => (await import("./delete.ts")).deleteCommand,
  },
  pause: {
    ...PLAIN,
    usage: "ID",
    about: "stop every process of a container where it stands",
    load: async () => (await import("./pause.ts")).pauseCommand,
  },
  resume: {
    ...PLAIN,
    usage: "ID",
    about: "let the processes of a paused container go on",
    load: async () => (await import("./pause.ts")).resumeCommand,
  },
  update: {
    ...PLAIN,
    values: [
      ...["resources", "blkio-weight", "cpu-period", "cpu-quota", "cpu-burst", "cpu-share", "cpu-rt-period"],
      ...["cpu-rt-runtime", "cpuset-cpus", "cpuset-mems", "cpu-idle", "memory", "memory-reservation"],
      ...["memory-swap", "pids-limit", "kernel-memory", "kernel-memory-tcp"],
      ...["l3-cache-schema", "mem-bw-schema"],
    ],
    short: { r: "resources" },
    usage: "[--resources FILE|-] [flags] ID",
    about: "change the limits of a container",
    load: async () => (await import("./update.ts")).updateCommand,
  },
  events: {
    ...PLAIN,
    switches: ["stats"],
    values: ["interval"],
    usage: "[--stats] [--interval 5s] ID",
    about: "print what a container uses, and when it runs out of memory, as JSON lines",
    load: async () => (await import("./events.ts")).eventsCommand,
  },
  spec: {
    ...PLAIN,
    switches: ["rootless"],
    values: ["bundle"],
    short: { b: "bundle" },
    operands: [0, 0],
    usage: "[--bundle DIR] [--rootless]",
    about: "write a config.json to begin with",
    load: async () => (await import("./spec.ts")).specCommand,
  },
  features: {
    ...PLAIN,
    operands: [0, 0],
    usage: "",
    about: "print what this runtime can do, as JSON",
    load: async () => (await import("./features.ts")).featuresCommand,
  },
};

/** Commands of runc that there are not; whatever they are given, they say so. */
export const ABSENT: readonly string[] = ["checkpoint", "restore"];
