import { InroError } from "../../oci/error.ts";
import { type Location, type Source, snippet } from "./location.ts";

export interface DockerfileErrorParts {
  readonly source: Source;
  readonly location: Location;
  /** Docker's words where it has some: `unknown instruction: RUNN`. */
  readonly why: string;
  /** `did you mean RUN?` */
  readonly hint?: string;
}

/** A word may be as long as a file. */
const longest = 400;

/**
 * DOCKERFILE_INVALID: what is wrong in a Dockerfile, and where. The message is docker's own sentence, `dockerfile parse
 * error on line 2: unknown instruction: RUNN (did you mean RUN?)`; `rendered` has the lines and a caret after it.
 */
export class DockerfileError extends InroError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly location: Location;
  /** The lines around the place, with a caret. */
  readonly snippet: string;
  /** Message and snippet, as a terminal shows it. */
  readonly rendered: string;

  constructor({ source, location, why, hint }: DockerfileErrorParts) {
    const { line, column } = location.start;
    super("DOCKERFILE_INVALID", {
      what: `dockerfile parse error on line ${line}`,
      why: why.length > longest ? `${why.slice(0, longest)}…` : why,
      ...(hint === undefined ? {} : { hint }),
      at: `${source.file}:${line}:${column}`,
    });
    this.name = "DockerfileError";
    this.file = source.file;
    this.line = line;
    this.column = column;
    this.location = location;
    this.snippet = snippet(source, location);
    this.rendered = `${this.message}\n${this.snippet}`;
  }
}
