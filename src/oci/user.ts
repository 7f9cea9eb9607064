import { InroError } from "./error.ts";

/** 2³²−1 means "no change" to setresuid(2) and chown(2), so it is no one's id. */
const MAX_ID = 0xffff_fffe;

/** A user or a group as it is written in `USER`, `-u` or `--group-add`: a number or a name, never guessed later. */
export type Principal = { readonly id: number } | { readonly name: string };

export interface UserReference {
  /** Undefined when only a group is given (`:staff`). */
  readonly user: Principal | undefined;
  readonly group: Principal | undefined;
}

/**
 * `user`, `user:group`, `:group`, each a name or a number.
 *
 * Parsing an id is total (R20, CVE-2024-40635): what consists of digits alone is a decimal id between 0 and 2³²−2 or an
 * error, never a name, never wrapped around; anything else is a name.
 */
export function parseUser(text: string): UserReference {
  const parts = text.split(":");
  if (parts.length > 2) throw badUser(text, "there is more than one colon");
  const [user = "", group = ""] = parts;
  return { user: principal(user, text), group: principal(group, text) };
}

/** One user or group by itself, as in `--group-add`. */
export function parsePrincipal(text: string): Principal {
  const parsed = principal(text, text);
  if (parsed === undefined) throw badUser(text, "it is empty");
  return parsed;
}

function principal(text: string, whole: string): Principal | undefined {
  if (text === "") return undefined;
  if (/^[0-9]+$/.test(text)) return { id: parseId(text, whole) };
  // A sign or a blank in front of digits is someone's number, not a name: refuse it rather than look it up.
  if (/^[-+\s]?\s*[0-9]+\s*$/.test(text) || /[\s\0/,]/.test(text)) {
    throw badUser(whole, `"${text}" is neither an id nor a name`);
  }
  return { name: text };
}

function parseId(digits: string, whole: string): number {
  const id = digits.length > 10 ? Number.POSITIVE_INFINITY : Number(digits);
  if (id > MAX_ID) throw badUser(whole, `"${digits}" is above the greatest id, ${MAX_ID}`);
  return id;
}

/** A uid or gid that comes as a number, from a specification: whole, between 0 and 2³²−2. */
export function checkId(id: number, at: string): number {
  if (Number.isInteger(id) && id >= 0 && id <= MAX_ID) return id;
  throw new InroError("USER_INVALID", {
    what: `cannot run as ${id}`,
    why: `an id is a whole number between 0 and ${MAX_ID}`,
    at,
  });
}

function badUser(text: string, why: string): InroError {
  return new InroError("USER_INVALID", {
    what: `cannot run as user "${text}"`,
    why,
    hint: 'write it as "name", "uid", "name:group" or "uid:gid"',
  });
}
