import type { PushProgress } from "../../image/images.ts";
import { familiarName, parseReference, type Reference, repositoryOf } from "../../oci/reference.ts";
import { askedPlatform } from "../ask/image.ts";
import { invalid } from "../asked.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { text } from "../query.ts";
import { refuse } from "../status.ts";
import { askingFor } from "./auth.ts";
import { lines } from "./lines.ts";
import { namedBy } from "./named-by.ts";
import { pushLines, thinner } from "./progress.ts";

/** Images to a registry, with progress as it comes. */
export const pushRoutes: readonly Route[] = [
  { method: "POST", pattern: "/images/{name...}/push", handle: push },
];

async function push(x: Exchange): Promise<void> {
  const named = namedBy(x, parameter(x, "name"));
  const { domain, path, digest } = named.reference;
  if (digest !== undefined) throw invalid("name", "a push goes to a tag, not to a digest");
  const references = tagsOf(x, { domain, path });
  const asking = askingFor(x, named);
  const platform = askedPlatform(text(x.query, "platform"));
  const out = lines(x);
  const passes = thinner();
  const tell = (progress: PushProgress) => {
    if (!passes(progress, Date.now())) return;
    for (const line of pushLines(progress)) {
      // A bar's move may be dropped for a slow client; what became of a layer may not.
      if ("progress" in line) out.news(line);
      else out.say(line);
    }
  };
  try {
    for (const reference of references) {
      out.say({ status: `The push refers to repository [${repositoryOf(reference)}]` });
      await x.engine.images.push(reference, { ...asking, platform, onProgress: tell });
    }
    out.end();
  } catch (error) {
    out.fail(error);
  }
}

/** The tag that is asked for; without one, every tag that the repository has here (a tag in the name says nothing). */
function tagsOf(x: Exchange, repository: Reference): readonly Reference[] {
  const tag = text(x.query, "tag");
  const all = x.engine.images.list().flatMap(({ names }) => names.map(parseReference));
  const here = all.filter((each) => repositoryOf(each) === repositoryOf(repository));
  const wanted = tag === null ? here : here.filter((each) => each.tag === tag);
  if (wanted.length > 0) return wanted;
  const name = familiarName(tag === null ? repository : { ...repository, tag });
  throw refuse(404, `cannot push "${name}"`, "no image has this name (tag one with it first)");
}
