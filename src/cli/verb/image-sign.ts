import { at, type Client } from "../../client/client.ts";
import { type Digest, parseDigest } from "../../oci/digest.ts";
import { publicHalf, signBytes } from "../../oci/private-key.ts";
import { formatReference, parseReference, type Reference, repositoryOf } from "../../oci/reference.ts";
import { writePayload } from "../../oci/simple-signing.ts";
import { registryHeaders } from "../credentials/header.ts";
import { flag, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { passphraseFile, readPrivateKey } from "../signing.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const imageSign = verb({
  usage: "[OPTIONS] IMAGE[:TAG|@DIGEST]",
  options: {
    key: text("FILE", "The private key (PEM), which stays on this side"),
    "passphrase-file": passphraseFile,
    tag: flag("Also under the tag where cosign and podman look first"),
  },
  args: [1, 1],
  examples: ["inro image sign --key team.key registry.example.com/team/app:1.2"],
  async run({ client }, { options, args: [name = ""] }) {
    if (options.key === undefined) throw new UsageError("which key signs? give --key", 1);
    const named = await digestOf(client, name);
    const key = await readPrivateKey(options.key, options["passphrase-file"]);
    const payload = writePayload(named, named.digest);
    const { Digest: digest } = await client.json<{ readonly Digest: string }>({
      method: "POST",
      path: at`/inro/images/${formatReference(named)}/signatures`,
      headers: await registryHeaders(name),
      body: {
        Payload: payload.toString("base64"),
        Signature: signBytes(payload, key).toString("base64"),
        Tag: options.tag,
      },
    });
    out(`Signed: ${formatReference(named)}\nKey: ${publicHalf(key).id}\nSignature: ${digest}\n`);
    return 0;
  },
});

type Named = Reference & { readonly digest: Digest };

/**
 * What is signed: the digest that the name says, or that under which the image is known here after its push or pull. What
 * the registry says that a tag is would be signed unseen.
 */
async function digestOf(client: Client, name: string): Promise<Named> {
  const given = parseReference(name);
  if (given.digest !== undefined) return { domain: given.domain, path: given.path, digest: given.digest };
  const { RepoDigests: known } = await client.json<{ readonly RepoDigests: readonly string[] | null }>({
    method: "GET",
    path: at`/images/${name}/json`,
  });
  const here = (known ?? []).map(parseReference).filter((each) => repositoryOf(each) === repositoryOf(given));
  const [only, ...others] = here;
  if (only?.digest === undefined)
    throw new UsageError(`"${name}" was neither pushed to ${repositoryOf(given)} nor pulled from there`, 1);
  if (others.length > 0)
    throw new UsageError(
      `"${name}" has several digests there, name one: ${here.map(formatReference).join(", ")}`,
      1,
    );
  return { domain: only.domain, path: only.path, digest: parseDigest(only.digest) };
}
