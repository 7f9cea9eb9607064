/** The tags of a repository (distribution spec, "Listing Tags"). */
import * as v from "valibot";
import { InroError, reasonOf } from "../../oci/error.ts";
import { isTag } from "../../oci/reference.ts";
import type { Context } from "./ask.ts";
import { pages } from "./pages.ts";

const maxTags = 10_000;

const schema = v.object({ tags: v.nullish(v.array(v.string()), []) });

/** In the registry's order, each once. Throws NO_SUCH_IMAGE where there is no such repository, REGISTRY_ERROR. */
export async function listTags(c: Context): Promise<readonly string[]> {
  const tags = new Set<string>();
  for await (const { ok, body } of pages(c, `/v2/${c.reference.path}/tags/list?n=1000`)) {
    if (!ok)
      throw new InroError("NO_SUCH_IMAGE", { what: c.what, why: `${c.domain} has no such repository` });
    for (const tag of tagsIn(c, body)) tags.add(tag);
    if (tags.size > maxTags)
      throw new InroError("REGISTRY_ERROR", { what: c.what, why: `it has more than ${maxTags} tags` });
  }
  return [...tags];
}

function tagsIn(c: Context, body: Buffer): readonly string[] {
  try {
    const { tags } = v.parse(schema, JSON.parse(body.toString("utf8")));
    const wrong = tags.find((tag) => !isTag(tag));
    if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong)} is no tag`);
    return tags;
  } catch (cause) {
    const why = `its list of tags is malformed: ${reasonOf(cause)}`;
    throw new InroError("REGISTRY_ERROR", { what: c.what, why, cause });
  }
}
