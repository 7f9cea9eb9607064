import type { Location } from "./location.ts";
import type { ArgPair, Heredoc, Pair, Word } from "./word.ts";

/** What every instruction has. */
interface Common {
  /** From the keyword to the end, heredocs included. */
  readonly location: Location;
  /** The keyword as written: `Run`. */
  readonly keyword: Word;
  /** As docker prints it in steps: continuations joined, comments left out, without the bodies of heredocs. */
  readonly original: string;
}

/** RUN, CMD, ENTRYPOINT and HEALTHCHECK CMD: to be given to the shell, or to be executed as it is. */
export type CommandLine =
  | { readonly form: "shell"; readonly command: string; readonly location: Location }
  | { readonly form: "exec"; readonly arguments: readonly string[]; readonly location: Location };

export const mountTypes = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
export const sharingModes = ["shared", "private", "locked"] as const;

/**
 * `RUN --mount=` as written. Every value but `from`'s may hold variables, so what kind of mount it is is known once
 * those are: `resolveMount` (mount.ts) reads it. A flag without variables was checked by the parser.
 */
export interface MountFlag {
  readonly fields: readonly MountField[];
  /** Stage, image or named context: what the graph has to know early, and what cannot hold variables. */
  readonly from?: Word;
  readonly location: Location;
}

export interface MountField {
  readonly key: Word;
  readonly value?: Word;
}

interface Owned {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A `RUN --mount` with its variables replaced and its defaults filled in. Targets may be relative to the WORKDIR. */
export type RunMount =
  | {
      readonly type: "bind";
      readonly target: string;
      /** In `from`; `/` where none is written. */
      readonly source: string;
      /** Undefined: the build context. */
      readonly from: string | undefined;
      /** Where false, what is written is thrown away after the step. */
      readonly readonly: boolean;
    }
  | ({
      readonly type: "cache";
      readonly id: string;
      readonly target: string;
      readonly source: string;
      /** Undefined: it begins as an empty folder. */
      readonly from: string | undefined;
      readonly readonly: boolean;
      readonly sharing: (typeof sharingModes)[number];
    } & Owned)
  | {
      readonly type: "tmpfs";
      readonly target: string;
      /** Bytes; undefined: as the kernel chooses. */
      readonly size: number | undefined;
    }
  | ({
      readonly type: "secret";
      readonly id: string;
      /** Undefined: in the environment only. */
      readonly target: string | undefined;
      readonly env: string | undefined;
      readonly required: boolean;
    } & Owned)
  | ({
      readonly type: "ssh";
      readonly id: string;
      /** Undefined: `/run/buildkit/ssh_agent.N`, N counting the step's ssh mounts from 0. */
      readonly target: string | undefined;
      readonly required: boolean;
    } & Owned);

/** `RUN --device=name[,required]`, a CDI device. */
export interface RunDevice {
  readonly name: string;
  readonly required: boolean;
}

export interface RunInstruction extends Common {
  readonly kind: "run";
  readonly command: CommandLine;
  /** Of the shell form: `runScript` (script.ts) says what they make of the command. */
  readonly heredocs: readonly Heredoc[];
  readonly mounts: readonly MountFlag[];
  readonly devices: readonly RunDevice[];
  readonly network: "default" | "none" | "host";
  readonly security: "sandbox" | "insecure";
}

/** A heredoc stands for a file of its name. */
export type CopySource = { readonly path: Word } | { readonly heredoc: Heredoc };

interface Copying extends Common {
  readonly sources: readonly CopySource[];
  readonly destination: Word;
  readonly chown?: Word;
  readonly chmod?: Word;
  readonly link: boolean;
  readonly exclude: readonly Word[];
}

export interface CopyInstruction extends Copying {
  readonly kind: "copy";
  /** Stage (name or number), image or named context; holds no variables. Undefined: the build context. */
  readonly from?: Word;
  readonly parents: boolean;
}

export interface AddInstruction extends Copying {
  readonly kind: "add";
  readonly checksum?: Word;
  readonly keepGitDir: boolean;
  /** Undefined: local archives are unpacked, remote ones are not. */
  readonly unpack?: boolean;
}

export interface EnvInstruction extends Common {
  readonly kind: "env";
  readonly pairs: readonly Pair[];
  /** `ENV key value`, without an equals sign. */
  readonly legacy: boolean;
}

export interface LabelInstruction extends Common {
  readonly kind: "label";
  readonly pairs: readonly Pair[];
  readonly legacy: boolean;
}

export interface ArgInstruction extends Common {
  readonly kind: "arg";
  readonly pairs: readonly ArgPair[];
  /** The comment lines right above it, without their `#`. */
  readonly comments: readonly string[];
}

export type HealthTest =
  | { readonly type: "none" }
  | {
      readonly type: "cmd";
      readonly command: CommandLine;
      /** Nanoseconds, like the other durations; 0: Docker's default. */
      readonly interval: number;
      readonly timeout: number;
      readonly startPeriod: number;
      readonly startInterval: number;
      /** 0: Docker's default. */
      readonly retries: number;
    };

export interface HealthcheckInstruction extends Common {
  readonly kind: "healthcheck";
  readonly test: HealthTest;
}

export interface OnbuildInstruction extends Common {
  readonly kind: "onbuild";
  readonly trigger: Instruction;
  /** What goes into the image's `OnBuild`: the trigger with the bodies of its heredocs, for `parseInstruction`. */
  readonly expression: string;
}

export interface CommandInstruction extends Common {
  readonly kind: "cmd" | "entrypoint";
  readonly command: CommandLine;
}

/** Lists of words; a word of EXPOSE may become several by expansion. */
export interface ListInstruction extends Common {
  readonly kind: "expose" | "volume";
  readonly words: readonly Word[];
}

/** One word: all that stands behind the keyword, blanks included. */
export interface WordInstruction extends Common {
  readonly kind: "user" | "workdir" | "stopsignal" | "maintainer";
  readonly word: Word;
}

export interface ShellInstruction extends Common {
  readonly kind: "shell";
  readonly shell: readonly string[];
}

/** All that may stand in a stage. */
export type Instruction =
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | EnvInstruction
  | LabelInstruction
  | ArgInstruction
  | HealthcheckInstruction
  | OnbuildInstruction
  | CommandInstruction
  | ListInstruction
  | WordInstruction
  | ShellInstruction;

/** `FROM [--platform=…] image [AS name]` */
export interface From {
  readonly image: Word;
  readonly platform?: Word;
  /** In lower case, as stages are looked up. */
  readonly name?: string;
  /** `AS` and the name as written. */
  readonly alias?: { readonly as: Word; readonly name: Word };
  readonly keyword: Word;
  readonly original: string;
  readonly comments: readonly string[];
  readonly location: Location;
}

export interface Stage {
  readonly from: From;
  readonly instructions: readonly Instruction[];
  /** From its FROM to its last instruction's end. */
  readonly location: Location;
}
