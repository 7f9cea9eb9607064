/** Which images may be pulled and run: what the administrator's policy file says of a repository. */
import * as v from "valibot";
import { jsonPointer } from "../../oci/json-pointer.ts";
import { type PublicKey, parsePublicKey } from "../../oci/public-key.ts";
import type { Reference } from "../../oci/reference.ts";
import { object, place } from "../registry/registries.ts";

export interface SignedRule {
  /** A signature by one of them is enough. */
  readonly signedBy: readonly string[];
  /** `HOST[:PORT][/PATH]` that signatures name where the rule's own name stands. */
  readonly signedAs?: string | undefined;
  /** Images that were made here (built, loaded, imported, committed) need none. */
  readonly local?: "accept" | undefined;
}

export type Rule = "accept" | "reject" | SignedRule;

export interface Policy {
  readonly default: Rule;
  /** By scope: `HOST[:PORT][/PATH]`. */
  readonly rules: Readonly<Record<string, Rule>>;
}

/** As docker has it. */
export const acceptAll: Policy = { default: "accept", rules: {} };

/** The rule that counts for a repository, and how it is called. */
export interface Applied {
  /** The scope; undefined for the default. */
  readonly scope?: string;
  readonly rule: Rule;
}

function isPublicKey(text: string): boolean {
  try {
    parsePublicKey(text);
    return true;
  } catch {
    return false;
  }
}

const publicKey = v.pipe(
  v.string(),
  v.check(isPublicKey, "it is no public key in PEM (ECDSA, Ed25519 or RSA of 2048 bits)"),
);
const signed = {
  signedBy: v.pipe(v.array(publicKey), v.minLength(1, "it names no key")),
  local: v.optional(v.literal("accept")),
};
const word = v.picklist(["accept", "reject"]);
const shaped = (shape: v.GenericSchema) =>
  v.lazy((input) => (typeof input === "string" ? word : shape)) as v.GenericSchema<Rule>;

/** A rule of a scope. */
const ruleSchema = shaped(v.strictObject({ ...signed, signedAs: v.optional(place) }));
const schema = v.pipe(
  object,
  v.strictObject({
    default: v.optional(shaped(v.strictObject(signed)), "accept"),
    rules: v.optional(v.pipe(object, v.record(place, ruleSchema)), {}),
  }),
);

/** How a policy that is wrong is told: why, and where by a JSON pointer. */
export type Refuse = (why: string, at?: string) => never;

/** What a document says, or its first mistake. */
export function parsePolicy(content: unknown, refuse: Refuse): Policy {
  const parsed = v.safeParse(schema, content);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return refuse(issue.message, jsonPointer((issue.path ?? []).map(({ key }) => key)));
  }
  const names = new Map<string, string>();
  for (const scope of Object.keys(parsed.output.rules)) {
    const other = names.get(canonical(scope));
    if (other !== undefined) refuse(`it is the same place as "${other}"`, jsonPointer(["rules", scope]));
    names.set(canonical(scope), scope);
  }
  return parsed.output;
}

/**
 * One name for one place, so that no other spelling leads around a rule: hosts know no capitals, 443 is where https is,
 * and Docker's registry has two names.
 */
export function canonical(place: string): string {
  const [domain = "", ...path] = place.split("/");
  const host = domain.toLowerCase().replace(/:443$/, "");
  const name = host === "registry-1.docker.io" || host === "index.docker.io" ? "docker.io" : host;
  return [name, ...path].join("/");
}

/** The rule of the longest scope that the repository lies in, in whole parts. */
export function ruleFor({ domain, path }: Reference, policy: Policy): Applied {
  const repository = canonical(`${domain}/${path}`);
  const [scope] = Object.keys(policy.rules)
    .filter((each) => `${repository}/`.startsWith(`${canonical(each)}/`))
    .sort((a, b) => canonical(b).length - canonical(a).length);
  const rule = scope === undefined ? undefined : policy.rules[scope];
  return scope === undefined || rule === undefined ? { rule: policy.default } : { scope, rule };
}

/** The repository that signatures for `reference` have to name, canonical. */
export function identityOf({ domain, path }: Reference, { scope, rule }: Applied): string {
  const repository = canonical(`${domain}/${path}`);
  if (scope === undefined || typeof rule === "string" || rule.signedAs === undefined) return repository;
  return canonical(`${rule.signedAs}${repository.slice(canonical(scope).length)}`);
}

export const keysOf = (rule: SignedRule): PublicKey[] => rule.signedBy.map(parsePublicKey);

/** The policy with another rule for a scope, or for what no scope is for; without one where `rule` is undefined. */
export function withRule(policy: Policy, scope: string | undefined, rule: Rule | undefined): Policy {
  if (scope === undefined) return { ...policy, default: rule ?? "accept" };
  const others = Object.entries(policy.rules).filter(([each]) => canonical(each) !== canonical(scope));
  return { ...policy, rules: Object.fromEntries(rule === undefined ? others : [...others, [scope, rule]]) };
}

/** Whether the policy has a rule for this very scope. */
export const hasRule = (policy: Policy, scope: string): boolean =>
  Object.keys(policy.rules).some((each) => canonical(each) === canonical(scope));
