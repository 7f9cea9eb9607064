import { InroError } from "../../oci/error.ts";

/** What is done about somebody else's chain that drops what ours lets pass: a word about it, or one rule in it. */
export type ForeignPolicy = "tell" | "allow";

/** INVALID_OPTION */
export function parseForeignPolicy(text: string): ForeignPolicy {
  if (text === "tell" || text === "allow") return text;
  throw new InroError("INVALID_OPTION", {
    what: `cannot use --firewall-foreign ${text}`,
    why: "it is neither tell nor allow",
    at: "--firewall-foreign",
  });
}
