import type { Location } from "./dockerfile/location.ts";

/** What is told of a build, in the order in which it happens. Times are milliseconds since 1970. */
export type BuildEvent =
  /** The first of all, but where only a check is asked for. `id`: under which its log is kept. */
  | { readonly type: "build"; readonly id: string }
  /** All that is going to be done, before any of it is. */
  | { readonly type: "graph"; readonly steps: readonly StepView[] }
  | ({ readonly type: "started"; readonly step: number; readonly at: number } & Pick<
      Step,
      "place" | "text" | "location"
    >)
  | { readonly type: "output"; readonly step: number; readonly stream: Stream; readonly data: Uint8Array }
  /** How far something is that lasts: a pull, a download. Bytes; undefined where nobody knows. */
  | {
      readonly type: "progress";
      readonly step: number;
      readonly what: string;
      readonly current: number;
      readonly total: number | undefined;
    }
  /** It has failed, and is held for `shells.open`. */
  | { readonly type: "held"; readonly step: number }
  | { readonly type: "ended"; readonly step: number; readonly at: number; readonly outcome: Outcome }
  /** Nothing comes after it; a build that is given up does not fail. */
  | {
      readonly type: "failed";
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
  | { readonly type: "warning"; readonly warning: Warning }
  /** All that was asked for: what the checks found, as docker prints it, and as it tells programs. */
  | { readonly type: "checked"; readonly text: string; readonly report: object; readonly findings: number }
  | {
      readonly type: "image";
      readonly id: string;
      readonly names: readonly string[];
      /** What each instruction that wrote something added: bytes. */
      readonly sizes: readonly { readonly text: string; readonly bytes: number }[];
    };

export type Stream = "stdout" | "stderr";

/** An instruction, as people are told of it. */
export interface Step {
  /** Its own in this build; in the order of the file. */
  readonly number: number;
  /** `build 2/5` */
  readonly place: string;
  /** As docker prints it. */
  readonly text: string;
  /** Of its stage; what `--no-cache-filter` names. */
  readonly stage: string;
  /** Undefined: it stands in no file. */
  readonly location: Location | undefined;
}

export interface StepView extends Step {
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

export type Tell = (event: BuildEvent) => void;
