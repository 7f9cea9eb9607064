import { MOST_REPLICAS } from "../../compose/model/needs.ts";
import { UsageError } from "../options/usage-error.ts";

/** `web=3`, each once. */
export function scaleOf(entries: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [, service, number] = /^([^=]+)=(\d+)$/.exec(entry) ?? [];
      if (service === undefined)
        throw new UsageError(`cannot use "${entry}" as a scale: write SERVICE=NUMBER`, 1);
      if (Number(number) > MOST_REPLICAS)
        throw new UsageError(`cannot use "${entry}" as a scale: at most ${MOST_REPLICAS} are made`, 1);
      return [service, Number(number)];
    }),
  );
}
