import type { Socket } from "node:net";
import type { CgroupStats } from "../kernel/cgroup/stats/stats.ts";
import type { PlanFragment } from "../kernel/plan/fragment.ts";
import type { Plan } from "../kernel/plan/plan.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import type { Exit } from "../oci/exit.ts";
import type { MountDetails, Rootfs } from "../oci/rootfs.ts";
import type { RuntimeSpec, SpecProcess, SpecResources } from "../oci/runtime-spec.ts";

/** Where a container's output is written (CRI text format, rotated at `maxSize` bytes unless that is 0, `maxFiles` kept). */
export interface LogTarget {
  /** null: it is not kept. */
  readonly path: string | null;
  readonly maxSize: number;
  readonly maxFiles: number;
  /** Lines `NAME=value` of entries in the systemd journal, which it goes to as well; null: it does not. */
  readonly journal?: string | null;
}

export interface CreateRequest {
  readonly id: string;
  /** The container's own folder below the data root. */
  readonly folder: string;
  /** Where the monitor's socket is made: below the exec root. */
  readonly socketFolder: string;
  readonly spec: RuntimeSpec;
  readonly rootfs: Rootfs;
  readonly mountDetails?: MountDetails;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  /** Close the container's stdin when the first client that was attached to it goes away. */
  readonly stdinOnce: boolean;
  /** Pid 1 is ours: it reaps and forwards signals (`--init`). */
  readonly useInit: boolean;
  /** Operations of other rooms, the network's above all, placed into the acts they name. */
  readonly fragments: readonly PlanFragment[];
  readonly log: LogTarget | null;
  /** Turns a pointer into the spec ("/linux/resources/memory/limit") into what asked for it ("-m 64m"). */
  readonly becauseOf?: (pointer: string) => string;
}

export interface ExecRequest {
  /** Unique within the container. */
  readonly id: string;
  readonly process: SpecProcess;
  readonly openStdin: boolean;
  /** Which of the program's outputs the caller wants framed back. */
  readonly attach: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
}

export interface AttachRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** First what the log already holds, then what follows, without a gap. */
  readonly logs: boolean;
}

/** Takes one DNS message of the container; what `reply` is given goes back to where it came from. */
export type NameHandler = (query: Uint8Array, stream: boolean, reply: (answer: Uint8Array) => void) => void;

export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** One program started in a running container. */
export interface ExecSession {
  readonly pid: number;
  readonly records: readonly OpRecord[];
  /** Docker-framed bytes out (raw for a terminal); what is written is raw stdin, half-close is end of input. */
  readonly stream: Socket;
  readonly exited: Promise<Exit>;
  resize(size: WindowSize): Promise<void>;
  /** SIGKILL reaches the program's process group too. */
  signal(number: number): Promise<void>;
}

/** One moment of a container's use of the machine. */
export interface Stats extends CgroupStats {
  readonly readAt: Date;
}

export interface Container {
  readonly id: string;
  readonly pid: number;
  /** Opens the start gate. A program that cannot be started rejects with COMMAND_NOT_FOUND or COMMAND_NOT_EXECUTABLE. */
  start(): Promise<readonly OpRecord[]>;
  signal(number: number): Promise<void>;
  resize(size: WindowSize): Promise<void>;
  readonly exited: Promise<Exit>;
  attach(request: AttachRequest): Promise<Socket>;
  exec(request: ExecRequest): Promise<ExecSession>;
  /**
   * Kills a program that `exec` started, whoever called it, with its process group; returns when its end is written down.
   * NO_SUCH_SESSION, NOT_RUNNING.
   */
  endExec(id: string): Promise<void>;
  /** Removes what its log holds; who reads it still gets to the end of what was there. */
  clearLog(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /**
   * Other limits: what is in `resources` changes, all of it or nothing, and what is not stays. CGROUP_LIMIT_REFUSED,
   * RESOURCE_INVALID, CGROUP_CONTROLLER_MISSING.
   */
  update(resources: SpecResources): Promise<void>;
  stats(): Promise<Stats>;
  /** Host pids of every process of the container. */
  processes(): Promise<readonly number[]>;
  /**
   * From here on DNS queries of the container are answered; those that came before wait. Returns when the first has come, or
   * none can any more. Only for a container whose plan has sockets for them.
   */
  serveNames(handler: NameHandler): Promise<void>;
  /**
   * How many of its processes the kernel has killed for want of memory, as soon as there are more than `known`. Undefined when
   * nobody will tell any more.
   */
  awaitKills(known: number): Promise<number | undefined>;
  /** Lets go of the monitor's socket; the container runs on. */
  close(): void;
}

/** What sets containers up: survey → compile → verify → execute. */
export interface Runtime {
  /** Brings a container to its start gate; undone completely when it fails. */
  create(request: CreateRequest): Promise<Container>;
  /** Surveys, compiles and verifies; executes nothing. */
  explain(request: CreateRequest): Promise<Plan>;
  /**
   * Takes back what a container's plan made when its executor or monitor was killed and could not: the act `undo`, which
   * is kept in its folder, in an executor of its own (ADR 3).
   */
  undo(folder: string): Promise<void>;
  /** After a restart of the caller: finds the container's monitor again. Undefined when there is none any more. */
  reconnect(id: string, folder: string, socketFolder: string): Promise<Container | undefined>;
}
