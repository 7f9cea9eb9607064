import type { ContainerOptions } from "../../engine/options.ts";
import { logAttributes } from "../../engine/streams/log-attributes.ts";

/**
 * What `--log-opt labels=…` and its like put before each line of `logs --details`, as dockerd writes it (moby,
 * Info.ExtraAttributes and WriteLogStream): sorted, escaped as in a URL, a space at the end even where there is nothing.
 */
export function logDetails(options: ContainerOptions): string {
  const found = logAttributes(options).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${found.map(([name, value]) => new URLSearchParams([[name, value]])).join(",")} `;
}
