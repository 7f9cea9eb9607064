import { json } from "../answer.ts";
import { invalid, flag as member, text } from "../asked.ts";
import { body } from "../body.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { askingFor } from "./auth.ts";
import { namedBy } from "./named-by.ts";

/** Beyond Docker: a signature that a client made, beside the image at its registry. The key stays with the client. */
export const signRoutes: readonly Route[] = [
  { method: "POST", pattern: "/inro/images/{name...}/signatures", handle: sign },
];

async function sign(x: Exchange): Promise<void> {
  const named = namedBy(x, parameter(x, "name"));
  const { reference } = named;
  if (reference.digest === undefined) throw invalid("name", "what is signed is named by its digest");
  const request = await body(x.request);
  const bytes = (name: string) => Buffer.from(text(request, name), "base64");
  const signature = { payload: bytes("Payload"), signature: bytes("Signature") };
  const digest = await x.engine.images.trust.sign(reference, signature, {
    ...askingFor(x, named),
    tag: member(request, "Tag"),
  });
  json(x, 201, { Digest: digest });
}
