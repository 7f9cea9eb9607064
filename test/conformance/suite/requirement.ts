/** What the specification demands, in its own words, and what shows that this runtime keeps to it. */
import type { World } from "./world.ts";

/** RFC 2119: MUST is also REQUIRED and SHALL, SHOULD is also RECOMMENDED; with NOT they are as strong. */
export type Level = "MUST" | "SHOULD";

export type Body = (c: World) => Promise<void>;

/** What a host has to have for a test to mean something on it; elsewhere the test is skipped, and says so. */
export interface Need {
  readonly name: string;
  readonly met: boolean;
}

export interface Proven {
  readonly kind: "test";
  readonly body: Body;
  readonly needs: readonly Need[];
  /** Why it does not hold today. The test then has to fail: once it passes, this mark has to go. */
  readonly fails: string | undefined;
}

export type Proof =
  | Proven
  /** The same demand is made elsewhere, and proven there. */
  | { readonly kind: "as"; readonly id: string }
  /** It binds another party: who writes config.json or a hook, or the specification's authors. */
  | { readonly kind: "binds"; readonly whom: string }
  | { readonly kind: "unproven"; readonly why: string };

export interface Requirement {
  readonly level: Level;
  /** The specification's words; `…` stands for what is left out. */
  readonly quote: string;
  readonly proof: Proof;
}

interface Circumstances {
  readonly needs?: Need | readonly Need[];
  readonly fails?: string;
}

function proven(level: Level, quote: string, body: Body, { needs = [], fails }: Circumstances): Requirement {
  return { level, quote, proof: { kind: "test", body, needs: [needs].flat(), fails } };
}

export const must = (quote: string, body: Body, circumstances: Circumstances = {}): Requirement =>
  proven("MUST", quote, body, circumstances);

export const should = (quote: string, body: Body, circumstances: Circumstances = {}): Requirement =>
  proven("SHOULD", quote, body, circumstances);

const unlessSaid = (quote: string, proof: Proof): Requirement => ({ level: levelOf(quote), quote, proof });

export const as = (id: string, quote: string): Requirement => unlessSaid(quote, { kind: "as", id });

export const binds = (whom: string, quote: string): Requirement => unlessSaid(quote, { kind: "binds", whom });

export const unproven = (quote: string, why: string): Requirement =>
  unlessSaid(quote, { kind: "unproven", why });

/** The strongest key word of a sentence, some in small letters. One without any says what is, which is as strong. */
export function levelOf(quote: string): Level {
  if (/\b(MUST|SHALL|REQUIRED)\b/.test(quote)) return "MUST";
  return /\b(SHOULD|should|RECOMMENDED)\b/.test(quote) ? "SHOULD" : "MUST";
}

/** A section of the specification: `id` and a requirement's key together are the requirement's id, which stays. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly requirements: Readonly<Record<string, Requirement>>;
  /** Sentences of the section about platforms other than Linux, by platform. */
  readonly elsewhere: Readonly<Record<string, readonly string[]>>;
}

export const section = (
  id: string,
  title: string,
  requirements: Section["requirements"],
  elsewhere: Section["elsewhere"] = {},
): Section => ({ id, title, requirements, elsewhere });
