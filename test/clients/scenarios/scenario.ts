/** One command line and what it does, as the reference of docker's command line has it. */
export interface Scenario {
  /** The words after `docker`, as a shell would split them: `run --rm busybox sh -c 'exit 3'`. */
  readonly run: string;
  readonly stdin?: string;
  /**
   * All of standard output but line breaks at its end. Two spaces and more are as good as two. `<id>`, `<short>`, `<number>`,
   * `<time>`, `<any>` (within a line) and `<lines>` stand for what is another each time.
   */
  readonly expect?: string;
  /** What standard error has to hold; without it, standard error is empty. */
  readonly err?: RegExp;
  /** The exit code; 0 where nothing is said. */
  readonly code?: number;
  /** What is otherwise where `inro` takes docker's place. */
  readonly ours?: Omit<Scenario, "run" | "ours">;
}

/** Scenarios that follow each other on an engine that has nothing but the image `busybox`. */
export interface Group {
  readonly title: string;
  /** What has to be there before; each has to succeed. */
  readonly setup?: readonly string[];
  readonly scenarios: readonly Scenario[];
}

/** The words of a line: single and double quotes keep what is in them together, nothing is expanded. */
export function words(line: string): string[] {
  const found = line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return found.map((word) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, (_all, single, double) => single ?? double),
  );
}

const stands: Readonly<Record<string, string>> = {
  "<id>": "[0-9a-f]{64}",
  "<short>": "[0-9a-f]{12}",
  "<number>": "\\d+",
  "<time>": "\\d{4}-\\d\\d-\\d\\d[T ][\\d:.]+(?:Z| ?[+-]\\d\\d:?\\d\\d(?: [A-Z]+)?)",
  "<any>": "[^\\n]*",
  "<lines>": "[^]*",
};

/** The expected text as a pattern for the whole of an output. */
export function pattern(expected: string): RegExp {
  const parts = squeezed(expected).split(/(<[a-z]+>)/);
  const source = parts.map((part) => stands[part] ?? part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${source.join("")}$`);
}

/** Without line breaks at the end, and with columns two spaces apart. */
export function squeezed(text: string): string {
  return text.replace(/\n+$/, "").replace(/ +$/gm, "").replace(/ {2,}/g, "  ");
}
