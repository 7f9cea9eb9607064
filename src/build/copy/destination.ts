import { fromText } from "../../image/tree/entry.ts";
import { InroError } from "../../oci/error.ts";
import type { CopyRequest } from "./request.ts";
import { cleanParts } from "./way.ts";

/** From the root, by its letters: a byte string without a slash at its ends. */
export const destinationOf = ({ destination }: CopyRequest): string =>
  fromText(cleanParts(destination).join("/"));

/** Whether a destination says by its end that it is a folder. */
export const isFolderName = (destination: string): boolean => /\/\.{0,2}$/.test(destination);

export const severalInto = (destination: string) =>
  new InroError("COPY_DESTINATION_INVALID", {
    what: `cannot copy several files to ${JSON.stringify(destination)}`,
    why: "with more than one source file, the destination must be a directory and end with a /",
    hint: `write "${destination}/"`,
  });
