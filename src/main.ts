/** What this executable is started as: its own name first (a link called inro-runtime), then its first word. */
async function main(): Promise<void> {
  const words = process.argv.slice(2);
  if (process.argv0 === "inro-warm") {
    const { serveCommands } = await import("./main/warm.ts");
    return serveCommands(words);
  }
  if (/(^|\/)inro-runtime$/.test(process.argv0)) return runtime(words);
  if (words[0] === "inro-runtime") return runtime(words.slice(1));
  const serves = words.indexOf("serve");
  if (serves >= 0 && onlyOptionsBefore(words, serves) && !words.includes("--help")) {
    const { serveDaemon } = await import("./main/serve.ts");
    return serveDaemon(words.toSpliced(serves, 1));
  }
  const { commandLine } = await import("./cli/main.ts");
  // Its output is written synchronously; what is still open (standard input, a stream) has nothing more to say.
  process.exit(await commandLine(words));
}

/** The OCI command line is a program of its own beside this one, which asks this one what to do (docs/adr/0016). */
async function runtime(words: readonly string[]): Promise<never> {
  const { becomeProgram } = await import("./platform/exec.ts");
  const front = process.execPath.replace(/[^/]*$/, "inro-runtime");
  becomeProgram(front, ["inro-runtime", ...words]);
  throw new Error(`cannot run ${front}, which belongs beside ${process.execPath}`);
}

/** `inro --data-root /x serve`: the verb may come after options and their values. */
function onlyOptionsBefore(words: readonly string[], verb: number): boolean {
  return words
    .slice(0, verb)
    .every((word, at) => word.startsWith("-") || words[at - 1]?.startsWith("-") === true);
}

/** Told once, on standard error, and 125 as Docker has it for what is not the container's fault. */
function fail(cause: unknown): void {
  const message =
    cause instanceof Error && cause.name === "InroError"
      ? cause.message
      : String((cause as Error)?.stack ?? cause);
  process.stderr.write(`inro: ${message}\n`);
  process.exitCode = 125;
}

main().catch(fail);
