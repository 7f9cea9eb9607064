import { parsePlatform } from "../../oci/platform.ts";
import { parsePublicKey } from "../../oci/public-key.ts";
import { formatReference, withDefaultTag } from "../../oci/reference.ts";
import { json } from "../answer.ts";
import { textsOrNull } from "../asked.ts";
import { body } from "../body.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { text } from "../query.ts";
import { registryAuth } from "./auth.ts";
import { namedBy } from "./named-by.ts";

/** Beyond Docker: what a name leads to at its registry, held against the policy, or against the keys of the request. */
export const verifyRoutes: readonly Route[] = [
  { method: "POST", pattern: "/inro/images/{name...}/verify", handle: verify },
];

async function verify(x: Exchange): Promise<void> {
  const { reference, owner } = namedBy(x, parameter(x, "name"));
  const keys = textsOrNull(await body(x.request), "Keys")?.map((pem) => parsePublicKey(pem).pem);
  const platform = text(x.query, "platform");
  const auth = registryAuth(x.request.headers["x-registry-auth"], owner);
  const { digest, applied, verified } = await x.engine.images.trust.verify(withDefaultTag(reference), {
    ...(keys === undefined ? {} : { keys }),
    ...(platform === null ? {} : { platform: parsePlatform(platform) }),
    ...(auth === null ? {} : { auth }),
    signal: x.signal,
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
