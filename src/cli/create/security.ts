import { readFileSync } from "node:fs";
import { formatJson, parseJson } from "../../client/json.ts";
import { unreadable } from "../input-file.ts";
import { UsageError } from "../options/usage-error.ts";

export interface SecurityFields {
  readonly SecurityOpt: readonly string[];
  /** Empty lists: nothing masked, nothing read-only. */
  readonly MaskedPaths?: readonly string[];
  readonly ReadonlyPaths?: readonly string[];
}

/** A seccomp profile is a file of this side: the engine gets its text. */
export function securityOptions(entries: readonly string[]): SecurityFields {
  const kept = entries.filter((entry) => entry !== "systempaths=unconfined");
  return {
    SecurityOpt: kept.map(withProfile),
    ...(kept.length === entries.length ? {} : { MaskedPaths: [], ReadonlyPaths: [] }),
  };
}

function withProfile(entry: string): string {
  const file = /^seccomp[=:](.*)$/.exec(entry)?.[1];
  if (file === undefined || file === "unconfined" || file === "builtin") return entry;
  try {
    return `seccomp=${formatJson(parseJson(readFileSync(file, "utf8")))}`;
  } catch (error) {
    throw new UsageError(`cannot use "${file}" as the seccomp profile: ${unreadable(error)}`);
  }
}
