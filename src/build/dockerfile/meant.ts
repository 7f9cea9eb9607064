import { nearest } from "../../oci/nearest.ts";

/** A hint at what a wrong name was probably meant to be. */
export function meant(name: string, known: readonly string[]): string | undefined {
  const near = known.includes(name) ? undefined : nearest(name, known);
  return near === undefined ? undefined : `did you mean ${near}?`;
}

/** The same of few names, which are told where none is near. */
export const meantOf = (name: string, known: readonly string[]): string =>
  meant(name, known) ?? `it is one of ${known.join(", ")}`;
