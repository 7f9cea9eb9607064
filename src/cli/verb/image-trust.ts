import type { Client } from "../../client/client.ts";
import { formatJson } from "../../client/json.ts";
import { parsePublicKey } from "../../oci/public-key.ts";
import { parseReference, repositoryOf } from "../../oci/reference.ts";
import { flag, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { table } from "../print/table.ts";
import { readKey } from "../signing.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

type Rule =
  | string
  | { readonly signedBy: readonly string[]; readonly signedAs?: string; readonly local?: "accept" };

interface Policy {
  readonly File: string;
  readonly Default: Rule;
  readonly Rules: Readonly<Record<string, Rule>>;
}

interface Options {
  readonly local: boolean;
  readonly "signed-as": string | undefined;
  readonly format: string | undefined;
}

export const imageTrust = verb({
  usage: "show | accept SCOPE | reject SCOPE | signed-by KEY... SCOPE | rm SCOPE",
  options: {
    local: flag("With signed-by: images that were made here need no signature"),
    "signed-as": text("PLACE", "With signed-by: what signatures name where the scope stands"),
    format: text("FORMAT", "With show: json"),
  },
  args: [1, ANY],
  examples: [
    "inro image trust show",
    "inro image trust reject default",
    "inro image trust signed-by team.pub registry.example.com/team",
    "inro image trust rm registry.example.com/team",
  ],
  async run({ client }, { options, args: [action = "", ...rest] }) {
    const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (act === undefined)
      throw new UsageError(`"${action}" is not one of ${Object.keys(actions).join(", ")}`, 1);
    await act(client, rest, options);
    return 0;
  },
});

type Action = (client: Client, words: readonly string[], options: Options) => Promise<void>;

const actions: Readonly<Record<string, Action>> = {
  async show(client, words, { format }) {
    if (words.length > 0) throw new UsageError("show takes no scope", 1);
    const policy = await client.json<Policy>({ method: "GET", path: "/inro/trust" });
    out(format === "json" ? `${formatJson(policy)}\n` : shown(policy));
  },
  accept: (client, words) => put(client, only(words), "accept"),
  reject: (client, words) => put(client, only(words), "reject"),
  async "signed-by"(client, words, { local, "signed-as": signedAs }) {
    const [scope = "", ...keys] = words.toReversed();
    if (keys.length === 0) throw new UsageError("signed-by needs a key's file and a scope", 1);
    const signedBy = keys.reverse().map((path) => parsePublicKey(readKey(path)).pem);
    const more = { ...(local ? { local: "accept" as const } : {}), ...(signedAs ? { signedAs } : {}) };
    await put(client, scope, { signedBy, ...more });
  },
  async rm(client, words) {
    const scope = scopeOf(only(words));
    if (scope === undefined) await put(client, "default", "accept");
    else await client.send({ method: "DELETE", path: "/inro/trust", query: { scope } });
  },
};

async function put(client: Client, scope: string, rule: Rule): Promise<void> {
  await client.send({ method: "PUT", path: "/inro/trust", body: { Scope: scopeOf(scope), Rule: rule } });
}

function only(words: readonly string[]): string {
  const [scope] = words;
  if (scope === undefined || words.length > 1) throw new UsageError("one scope is needed", 1);
  return scope;
}

/** `default` is for what no other rule is for; a name without a registry is docker.io's, as everywhere. */
function scopeOf(text: string): string | undefined {
  if (text === "default") return undefined;
  const [first = ""] = text.split("/");
  const isPlace = /[.:]/.test(first) || first === "localhost";
  return isPlace ? text : repositoryOf(parseReference(text));
}

function shown({ File: file, Default: standing, Rules: rules }: Policy): string {
  const rows = [["default", standing] as const, ...Object.entries(rules)].map(([scope, rule]) => [
    scope,
    ...describe(rule),
  ]);
  return `${file === "" ? "" : `${file}\n`}${table([["SCOPE", "RULE", "KEYS"], ...rows])}`;
}

function describe(rule: Rule): [string, string] {
  if (typeof rule === "string") return [rule, ""];
  const { signedBy, signedAs, local } = rule;
  const words = ["signed", ...(signedAs === undefined ? [] : [`as ${signedAs}`])];
  const keys = signedBy.map((pem) => parsePublicKey(pem).id.slice(0, "sha256:".length + 12));
  return [[...words, ...(local === undefined ? [] : ["or local"])].join(" "), keys.join(", ")];
}
