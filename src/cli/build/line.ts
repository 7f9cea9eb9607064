/** What the engine tells of a build, a JSON value for each event (docs/API.md). Times are milliseconds since 1970. */
export type BuildLine =
  | { readonly type: "build"; readonly at: number; readonly id: string }
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
  | {
      readonly type: "progress";
      readonly at: number;
      readonly step: number;
      readonly what: string;
      readonly current: number;
      readonly total?: number;
    }
  | { readonly type: "held"; readonly at: number; readonly step: number }
  | { readonly type: "ended"; readonly at: number; readonly step: number; readonly outcome: OutcomeLine }
  | {
      readonly type: "failed";
      readonly at: number;
      /** Null: before any step. */
      readonly step: number | null;
      /** Of the step. */
      readonly title: string | null;
      /** docs/ERRORS.md */
      readonly code: string;
      /** Of a RUN's program. */
      readonly exitCode: number | null;
      readonly message: string;
      /** The lines of the Dockerfile, the place marked; empty where it is no fault of theirs. */
      readonly snippet: string;
    }
  | {
      readonly type: "checked";
      readonly at: number;
      readonly text: string;
      readonly report: object;
      readonly findings: number;
    }
  | { readonly type: "warning"; readonly at: number; readonly warning: WarningLine }
  | {
      readonly type: "image";
      readonly at: number;
      readonly id: string;
      readonly names: readonly string[];
      readonly sizes: readonly { readonly text: string; readonly bytes: number }[];
    };

export interface StepLine {
  readonly number: number;
  /** `build 2/5` */
  readonly place: string;
  readonly text: string;
  readonly kind: "from" | "run" | "copy" | "folder" | "settings";
}

export type OutcomeLine =
  | { readonly kind: "done" | "cached"; readonly why: string }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "canceled" };

export interface WarningLine {
  /** The check's name; empty where it is none. */
  readonly rule: string;
  readonly message: string;
  readonly url: string;
}

/** The end of a stream that ended badly, in Docker's shape. */
export interface ErrorLine {
  readonly error: string;
  readonly errorDetail?: { readonly code?: number; readonly message?: string };
}

/** A line of Docker's classic builder. */
export interface ClassicLine {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly aux?: { readonly ID?: string };
}

export type AnyLine = BuildLine | ErrorLine | ClassicLine;
