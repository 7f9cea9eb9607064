/**
 * What values of a Compose file there are: how each is read out of its place, refused with that place where it is not
 * what it must be, and printed again.
 */
import { composeError } from "../file/error.ts";
import type { Node, Place } from "../file/node.ts";
import type { Doc, Form } from "./doc.ts";

/** Where something is read, and what relative paths stand against. */
export interface At {
  /** `services.web.ports[0]`. */
  readonly path: string;
  /** Absolute. */
  readonly workingDir: string;
  /** The caller's. */
  readonly home: string | undefined;
  /** That relative paths become so. */
  readonly absolute: boolean;
  readonly warn: (text: string) => void;
}

export interface Kind<T> {
  /** Throws a composeError. */
  read(node: Node, at: At): T;
  print(value: T, form: Form): Doc;
  /** Printed even where it is `false`, 0 or empty, as the file has said so; docker compose v2 may hash it without. */
  readonly kept?: true | "not hashed";
  /** What a member that nobody has said is in JSON; nothing, where this is missing. */
  readonly absent?: Doc;
  /** The member's name in JSON, where it differs. */
  readonly jsonName?: string;
}

export const inside = (at: At, key: string | number): At => ({
  ...at,
  path: typeof key === "number" ? `${at.path}[${key}]` : at.path === "" ? key : `${at.path}.${key}`,
});

export function refuse(at: At, place: Place, why: string, hint?: string): never {
  throw composeError(place, at.path, why, hint);
}

/** A value, as it is said to people. */
export function shown(node: Node): string {
  if (node.kind === "mapping") return "a mapping";
  return node.kind === "sequence" ? "a list" : JSON.stringify(node.value);
}

export const kept = <T>(kind: Kind<T>): Kind<T> => ({ ...kind, kept: true });

/** An object that JSON always shows, and YAML only where there is something in it. */
export function always<T>(kind: Kind<T>): Kind<T> {
  const { kept: _kept, ...rest } = kind;
  return { ...rest, absent: new Map() };
}
