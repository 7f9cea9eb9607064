/** Commands: of a service, of its health check, of its hooks (05-services.md). */
import { environment, list } from "./collection.ts";
import { type At, type Kind, kept, refuse, shown } from "./kind.ts";
import type { Healthcheck, Hook } from "./project.ts";
import { record } from "./record.ts";
import { duration, flag, integer, loose, text } from "./scalar.ts";
import { shellWords } from "./words.ts";

/** Null where nobody has said it; a text is split into words. */
export const command: Kind<readonly string[]> = kept({
  read: (node, at) => {
    if (node.kind === "sequence") return list(loose).read(node, at);
    const line = text.read(node, at);
    const found = shellWords(line);
    if ("wrong" in found)
      return refuse(at, node.place, `${shown(node)} cannot be split into words: ${found.wrong}`, asList);
    if (found.rest !== undefined)
      at.warn(
        `${at.path}: ${JSON.stringify(found.rest)} is left away, as no shell reads the line: ${asList}`,
      );
    return found.words;
  },
  print: (words) => words,
});

const asList = `for a shell's syntax write ["sh", "-c", "…"]`;

/** Printed by JSON even where there is none. */
export const ownCommand: Kind<readonly string[] | null> = {
  ...(command as Kind<readonly string[] | null>),
  absent: null,
};

const test: Kind<readonly string[]> = {
  read: (node, at) => {
    if (node.kind !== "sequence") return ["CMD-SHELL", text.read(node, at)];
    const words = list(loose).read(node, at);
    const [first] = words;
    if (first !== undefined && !["NONE", "CMD", "CMD-SHELL"].includes(first))
      refuse(
        at,
        node.items[0]?.place ?? node.place,
        `"${first}" begins no health check`,
        "NONE, CMD or CMD-SHELL does",
      );
    return words;
  },
  print: (words) => words,
};

export const healthcheck: Kind<Healthcheck> = record<Healthcheck>({
  test,
  timeout: duration,
  interval: duration,
  retries: kept(integer(0)),
  start_period: duration,
  start_interval: duration,
  disable: flag,
});

export const hook: Kind<Hook> = needing(
  "command",
  record<Hook>({ command, user: text, privileged: flag, working_dir: text, environment }),
);

/** A record that is nothing without one of its members. */
export function needing<T extends object>(member: keyof T & string, kind: Kind<T>): Kind<T> {
  return {
    ...kind,
    read: (node, at: At) => {
      const read = kind.read(node, at);
      if (read[member] === undefined) refuse(at, node.place, `it has no ${member}`);
      return read;
    },
  };
}
