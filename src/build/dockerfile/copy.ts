import { common } from "./common.ts";
import { flagsOf } from "./flags.ts";
import type { AddInstruction, CopyInstruction, CopySource } from "./instruction.ts";
import { refuse, type Statement, wordOf } from "./statement.ts";
import type { Word } from "./word.ts";
import { jsonWords, spansOf } from "./words.ts";

const shared = { chown: "text", chmod: "text", link: "boolean", exclude: "texts" } as const;

export function parseCopy(statement: Statement): CopyInstruction {
  const flags = flagsOf(statement, { ...shared, from: "text", parents: "boolean" });
  if (flags.from !== undefined) refuseVariable(statement, flags.from, "from");
  return {
    kind: "copy",
    ...common(statement),
    ...sourcesAndDestination(statement),
    ...owned(flags),
    ...(flags.from === undefined ? {} : { from: flags.from }),
    parents: flags.parents ?? false,
  };
}

export function parseAdd(statement: Statement): AddInstruction {
  const flags = flagsOf(statement, {
    ...shared,
    checksum: "text",
    "keep-git-dir": "boolean",
    unpack: "boolean",
  });
  return {
    kind: "add",
    ...common(statement),
    ...sourcesAndDestination(statement),
    ...owned(flags),
    ...(flags.checksum === undefined ? {} : { checksum: flags.checksum }),
    keepGitDir: flags["keep-git-dir"] ?? false,
    ...(flags.unpack === undefined ? {} : { unpack: flags.unpack }),
  };
}

interface Shared {
  readonly chown: Word | undefined;
  readonly chmod: Word | undefined;
  readonly link: boolean | undefined;
  readonly exclude: readonly Word[];
}

function owned({ chown, chmod, link, exclude }: Shared) {
  return {
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
    link: link ?? false,
    exclude,
  };
}

/** Whether what ADD names is brought from elsewhere: by HTTP or by git. */
export const isRemote = (source: string): boolean => /^(https?|git|ssh):\/\/|^git@[^:/]+:/.test(source);

/** What a graph of stages is made of must be known before any variable is. */
export function refuseVariable(statement: Statement, word: Word, flag: string): void {
  if (/\$./.test(word.raw))
    refuse(
      statement,
      `'${flag}' doesn't support variable expansion, define alias stage instead`,
      word.location,
      "FROM $IMAGE AS name, then name it here",
    );
}

function sourcesAndDestination(statement: Statement): { sources: CopySource[]; destination: Word } {
  const items: CopySource[] = jsonWords(statement)?.map((path) => ({ path })) ?? plainItems(statement);
  const destination = items.pop();
  if (destination === undefined || items.length === 0) {
    const provided = destination === undefined ? "none was" : "only one was";
    const why = `${statement.name} requires at least two arguments, but ${provided} provided. Destination could not be determined`;
    refuse(statement, why);
  }
  if (!("path" in destination))
    refuse(
      statement,
      `${statement.name} cannot accept a heredoc as a destination`,
      wordOf(statement, statement.rest).location,
    );
  return { sources: items, destination: destination.path };
}

function plainItems(statement: Statement): CopySource[] {
  const heredocs = new Map(statement.heredocs.map(({ span, heredoc }) => [span.from, heredoc]));
  return spansOf(statement).map((span) => {
    const heredoc = heredocs.get(span.from);
    return heredoc === undefined ? { path: wordOf(statement, span) } : { heredoc };
  });
}
