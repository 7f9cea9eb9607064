import { fetched } from "../../image/import.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { askedChanges, askedName } from "../ask/image.ts";
import type { Exchange } from "../exchange.ts";
import { text } from "../query.ts";
import { lines } from "./lines.ts";

/** POST /images/create?fromSrc=: the request's body (`-`), or what is behind a URL, becomes an image. */
export async function importTar(x: Exchange, source: string): Promise<void> {
  const platform = text(x.query, "platform");
  const options = {
    name: askedName(x.query, x.engine.images.registries().default),
    comment: text(x.query, "message") ?? `Imported from ${source}`,
    changes: askedChanges(x.query),
    platform: platform === null ? null : parsePlatform(platform),
  };
  const tar = source === "-" ? (x.request as AsyncIterable<Uint8Array>) : fetched(source, x.signal);
  const out = lines(x);
  try {
    const { id } = await x.engine.images.import(tar, options);
    out.say({ status: id });
    out.end();
  } catch (error) {
    out.fail(error);
  }
}
