import { InroError } from "../../oci/error.ts";
import type { OptionTable } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { printError, printWarning } from "../print-error.ts";
import { err } from "../terminal/output.ts";
import { type Line, type Verb, verb } from "../verb.ts";
import { type App, appOf } from "./app.ts";
import { RunFailed } from "./failure.ts";
import { composeOptions } from "./options.ts";

type Table<T extends OptionTable> = T & Omit<typeof composeOptions, keyof T>;

/** Exit codes of docker compose. */
const STATUS: Readonly<Record<string, number>> = {
  COMPOSE_NOT_FOUND: 14,
  COMPOSE_INVALID: 15,
};

interface ComposeVerb<T extends OptionTable> extends Omit<Verb<T>, "run"> {
  /** It does at once what nobody can show beforehand: with --dry-run it does nothing. */
  readonly cannotRehearse?: true;
  run(app: App, line: Line<Table<T>>): Promise<number>;
}

/** A verb of compose: with the options that all of them have, whose letters make way for its own. */
export function composeVerb<T extends OptionTable>(definition: ComposeVerb<T>): Verb<Table<T>> {
  const letters = new Set(Object.values(definition.options).map(({ short }) => short));
  const common = Object.entries(composeOptions).map(([name, option]) =>
    "short" in option && letters.has(option.short) ? [name, { ...option, short: undefined }] : [name, option],
  );
  const options = { ...definition.options, ...Object.fromEntries(common), ...definition.options } as Table<T>;
  return verb({
    ...definition,
    options,
    async run(context, line) {
      try {
        const app = appOf(context, line.options as never);
        checkTogether(app, definition.cannotRehearse === true);
        return await definition.run(app, line);
      } catch (error) {
        const status =
          error instanceof RunFailed
            ? error.status
            : error instanceof InroError
              ? STATUS[error.code]
              : undefined;
        if (status === undefined) throw error;
        err(printError(error) + snippetOf(error));
        return status;
      }
    },
  });
}

function checkTogether({ options }: App, cannotRehearse: boolean): void {
  if (options.explain && !options["dry-run"])
    throw new UsageError("--explain goes with --dry-run: it shows what would be done", 1);
  if (options["dry-run"] && cannotRehearse)
    throw new UsageError("--dry-run has no steps of this to show, so that nothing was done", 1);
  if (options.compatibility)
    err(printWarning(new Error("--compatibility changes nothing: names are those of compose v2, with -")));
}

/** The lines of the file that the error is about. */
function snippetOf(error: unknown): string {
  const { snippet } = error as { readonly snippet?: string };
  return snippet === undefined ? "" : `${snippet.trimEnd()}\n`;
}
