import { InroError } from "../../oci/error.ts";
import type { Place } from "./node.ts";

/** Of what a file says. The message begins with `file:line:column`, and `snippet` shows the line with a caret beneath. */
export class ComposeError extends InroError {
  readonly place: Place;
  /** Two lines; undefined where the file's text is not at hand. */
  readonly snippet: string | undefined;

  constructor(place: Place, what: string, why: string, hint?: string) {
    super("COMPOSE_INVALID", {
      what: plain(`${placeText(place)}: ${what}`),
      why: plain(why),
      ...(hint === undefined ? {} : { hint: plain(hint) }),
      at: placeText(place),
    });
    this.name = "ComposeError";
    this.place = place;
    this.snippet = snippetOf(place);
  }
}

export const placeText = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;

/** Without what a terminal would obey. */
const plain = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f]/g, " ");

/** Wider lines are cut around what is meant. */
const WIDTH = 100;

function snippetOf({ line, column, lines }: Place): string | undefined {
  const whole = lines?.[line - 1];
  if (whole === undefined) return undefined;
  const from =
    whole.length <= WIDTH ? 0 : Math.max(0, Math.min(column - 1 - WIDTH / 2, whole.length - WIDTH));
  // A tab is one column wide here.
  const shown = plain(whole.slice(from, from + WIDTH));
  const margin = `${line} | `;
  return `${margin}${shown}\n${" ".repeat(margin.length + column - 1 - from)}^`;
}

/**
 * What a Compose file says and cannot be: COMPOSE_INVALID, with the place. Without one it is about what no file says
 * (an option, a variable of the environment).
 */
export function composeError(place: Place | undefined, what: string, why: string, hint?: string): InroError {
  if (place !== undefined) return new ComposeError(place, what, why, hint);
  return new InroError("COMPOSE_INVALID", { what, why, ...(hint === undefined ? {} : { hint }) });
}

/** A file that is not there. */
export function composeNotFound(what: string, why: string, hint?: string): InroError {
  return new InroError("COMPOSE_NOT_FOUND", { what, why, ...(hint === undefined ? {} : { hint }) });
}
