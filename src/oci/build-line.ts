/**
 * What is told of a build, in the order in which it happens: a JSON value for each event, as clients read it and as its log
 * is kept (docs/API.md). Times are milliseconds since 1970.
 */
export type BuildLine =
  /** The first of all, but where only a check is asked for. `id`: under which its log is kept. */
  | { readonly type: "build"; readonly at: number; readonly id: string }
  /** All that is going to be done, before any of it is. */
  | { readonly type: "graph"; readonly at: number; readonly steps: readonly StepLine[] }
  | {
      readonly type: "started";
      readonly at: number;
      readonly step: number;
      readonly place: string;
      readonly text: string;
    }
  | {
      readonly type: "output";
      readonly at: number;
      readonly step: number;
      readonly stream: "stdout" | "stderr";
      readonly text: string;
    }
  /** How far something is that lasts: a pull, a download. Bytes; undefined where nobody knows. */
  | {
      readonly type: "progress";
      readonly at: number;
      readonly step: number;
      readonly what: string;
      readonly current: number;
      readonly total?: number | undefined;
    }
  /** It has failed, and is held for a shell in its files. */
  | { readonly type: "held"; readonly at: number; readonly step: number }
  | { readonly type: "ended"; readonly at: number; readonly step: number; readonly outcome: Outcome }
  /** Nothing comes after it; a build that is given up does not fail. */
  | {
      readonly type: "failed";
      readonly at: number;
      /** Null: before any step. */
      readonly step: number | null;
      /** Of the step: `[build 2/5] RUN make`. */
      readonly title: string | null;
      /** docs/ERRORS.md */
      readonly code: string;
      /** Of a RUN's program. */
      readonly exitCode: number | null;
      readonly message: string;
      /** The lines of the Dockerfile with the place marked; empty where it is no fault of theirs. */
      readonly snippet: string;
    }
  /** What a check of the Dockerfile found, or something else that a user should hear. */
  | { readonly type: "warning"; readonly at: number; readonly warning: Warning }
  /** All that was asked for: what the checks found, as docker prints it, and as it tells programs. */
  | {
      readonly type: "checked";
      readonly at: number;
      readonly text: string;
      readonly report: object;
      readonly findings: number;
    }
  | {
      readonly type: "image";
      readonly at: number;
      readonly id: string;
      readonly names: readonly string[];
      /** What each instruction that wrote something added: bytes. */
      readonly sizes: readonly { readonly text: string; readonly bytes: number }[];
    };

export type BuildLineOf<Type extends BuildLine["type"]> = Extract<BuildLine, { readonly type: Type }>;

/** An instruction, as people are told of it. */
export interface StepLine {
  /** Its own in this build; in the order of the file. */
  readonly number: number;
  /** `build 2/5` */
  readonly place: string;
  /** As docker prints it. */
  readonly text: string;
  /** `settings`: it writes no files, and is not started. */
  readonly kind: "from" | "run" | "copy" | "folder" | "settings";
}

/** `why`: in a sentence, for those who asked for it to be explained. */
export type Outcome =
  | { readonly kind: "done" | "cached"; readonly why: string }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "canceled" };

export interface Warning {
  /** The check's name, `StageNameCasing`; empty where it is none. */
  readonly rule: string;
  /** With the line. */
  readonly message: string;
  /** Where it is explained; empty for nowhere. */
  readonly url: string;
}
