import type { CommandLine } from "./instruction.ts";
import { type Span, type Statement, textOf, wordOf } from "./statement.ts";
import { jsonWords } from "./words.ts";

/** What every instruction has of its statement. */
export const common = ({ location, keyword, original }: Statement) => ({ location, keyword, original });

/** The exec form where it is a JSON array of texts, the shell form otherwise. */
export function commandLine(statement: Statement, span: Span = statement.rest): CommandLine {
  const { location } = wordOf(statement, span);
  const json = jsonWords(statement, span);
  return json === undefined
    ? { form: "shell", command: textOf(statement, span), location }
    : { form: "exec", arguments: json.map(({ raw }) => raw), location };
}
