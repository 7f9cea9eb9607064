import type { RunInstruction } from "./instruction.ts";
import { withBodies } from "./word.ts";

/**
 * What a RUN executes. `shell`: a text for the shell; `exec`: a program as it is; `file`: a file of that name and
 * content, mode 0755 and outside the step's file system, that is executed by itself, its `#!` line choosing what by.
 */
export type Script =
  | { readonly kind: "shell"; readonly text: string }
  | { readonly kind: "exec"; readonly arguments: readonly string[] }
  | { readonly kind: "file"; readonly name: string; readonly content: string };

/**
 * reference, "Here-Documents": a heredoc alone is the script itself, run by what its `#!` names or else by the shell;
 * with anything beside it the shell reads the heredocs.
 */
export function runScript({ command, heredocs }: RunInstruction): Script {
  if (command.form === "exec") return { kind: "exec", arguments: command.arguments };
  const [first] = heredocs;
  if (first === undefined) return { kind: "shell", text: command.command };
  if (heredocs.length === 1 && isAlone(command.command)) {
    const { name, content } = first;
    return content.startsWith("#!") ? { kind: "file", name, content } : { kind: "shell", text: content };
  }
  return { kind: "shell", text: withBodies(command.command, heredocs) };
}

/** `<<EOF` and nothing else, but for the file descriptor that it is given. */
const isAlone = (command: string): boolean => /^\d*<<-?\s*(?:'[^']*'|"[^"]*"|[^\s'"<])+$/.test(command);
