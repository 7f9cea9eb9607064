import { at } from "../../client/client.ts";
import { formatJson } from "../../client/json.ts";
import { registryHeaders } from "../credentials/header.ts";
import { list, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { readKey } from "../signing.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface Verification {
  readonly Name: string;
  readonly Digest: string;
  readonly Scope: string;
  readonly Signature: { readonly Digest: string; readonly Key: string } | null;
}

export const imageVerify = verb({
  usage: "[OPTIONS] IMAGE[:TAG|@DIGEST]",
  options: {
    key: list("FILE", "A public key (PEM) that may have signed it; by default the trust policy is asked"),
    platform: text("OS/ARCH", "The platform of a multi-platform image"),
    format: text("FORMAT", "json, or the lines that people read"),
  },
  args: [1, 1],
  examples: [
    "inro image verify --key team.pub registry.example.com/team/app:1.2",
    "inro image verify registry.example.com/team/app:1.2",
  ],
  async run({ client }, { options, args: [name = ""] }) {
    if (options.format !== undefined && options.format !== "json")
      throw new UsageError(`cannot use "${options.format}" for --format: it is not json`);
    const found = await client.json<Verification>({
      method: "POST",
      path: at`/inro/images/${name}/verify`,
      query: { platform: options.platform },
      headers: await registryHeaders(name),
      body: options.key.length === 0 ? {} : { Keys: options.key.map(readKey) },
    });
    out(options.format === "json" ? `${formatJson(found)}\n` : linesOf(found, options.key.length > 0));
    return 0;
  },
});

function linesOf(
  { Name: name, Digest: digest, Scope: scope, Signature: signature }: Verification,
  byKey: boolean,
) {
  const rule = scope === "" ? "the default rule" : `the rule "${scope}"`;
  const lines = [
    `Name: ${name}`,
    `Digest: ${digest}`,
    ...(byKey ? [] : [`Accepted by: ${rule}`]),
    ...(signature === null ? [] : [`Signed: ${signature.Digest}`, `Key: ${signature.Key}`]),
  ];
  return `${lines.join("\n")}\n`;
}
