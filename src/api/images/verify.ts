import { parsePublicKey } from "../../oci/public-key.ts";
import { formatReference, withDefaultTag } from "../../oci/reference.ts";
import { json } from "../answer.ts";
import { askedPlatform } from "../ask/image.ts";
import { textsOrNull } from "../asked.ts";
import { body } from "../body.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { text } from "../query.ts";
import { askingFor } from "./auth.ts";
import { namedBy } from "./named-by.ts";

/** Beyond Docker: what a name leads to at its registry, held against the policy, or against the keys of the request. */
export const verifyRoutes: readonly Route[] = [
  { method: "POST", pattern: "/inro/images/{name...}/verify", handle: verify },
];

async function verify(x: Exchange): Promise<void> {
  const named = namedBy(x, parameter(x, "name"));
  const { reference } = named;
  const keys = textsOrNull(await body(x.request), "Keys")?.map((pem) => parsePublicKey(pem).pem);
  const platform = askedPlatform(text(x.query, "platform"));
  const { digest, applied, verified } = await x.engine.images.trust.verify(withDefaultTag(reference), {
    ...askingFor(x, named),
    keys,
    platform,
  });
  json(x, 200, {
    Name: formatReference(reference),
    Digest: digest,
    Scope: applied.scope ?? "",
    Signature:
      verified === undefined
        ? null
        : {
            Digest: verified.digest,
            Key: verified.key.id,
            Payload: JSON.parse(Buffer.from(verified.signature.payload).toString("utf8")),
          },
  });
}
