import type { BuildLine } from "../../oci/build-line.ts";

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
