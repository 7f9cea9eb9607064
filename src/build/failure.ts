/** Where a build failed, and what of the Dockerfile is to be shown of it. */
import { InroError, reasonOf } from "../oci/error.ts";
import { DockerfileError } from "./dockerfile/error.ts";
import { type Location, type Source, snippet } from "./dockerfile/location.ts";
import type { BuildEvent, Tell } from "./progress.ts";
import { StepFailure } from "./solve/run.ts";

export interface WatchedTelling {
  readonly tell: Tell;
  /** The Dockerfile, once it could be read. */
  read(source: Source): void;
  /** Tells of the failure. */
  failed(cause: unknown): void;
}

interface Begun {
  readonly title: string;
  readonly location: Location | undefined;
}

/** Passes on what is told, and keeps in mind which step failed first: the others fail for its sake. */
export function watched(tell: Tell): WatchedTelling {
  const begun = new Map<number, Begun>();
  let first: number | undefined;
  let file: Source | undefined;
  return {
    read(source) {
      file = source;
    },
    tell(event) {
      if (event.type === "started")
        begun.set(event.step, { title: `[${event.place}] ${event.text}`, location: event.location });
      if (event.type === "ended" && event.outcome.kind === "failed") first ??= event.step;
      tell(event);
    },
    failed(cause) {
      const step = first === undefined ? undefined : begun.get(first);
      tell({
        ...{ type: "failed", step: first ?? null, title: step?.title ?? null },
        code: cause instanceof InroError ? cause.code : "INTERNAL",
        exitCode: cause instanceof StepFailure ? cause.exitCode : null,
        message: reasonOf(cause),
        snippet: snippetOf(cause, step?.location, file),
      } satisfies BuildEvent);
    },
  };
}

function snippetOf(cause: unknown, location: Location | undefined, source: Source | undefined): string {
  if (cause instanceof DockerfileError) return cause.snippet;
  return location === undefined || source === undefined ? "" : snippet(source, location);
}
