import { momentOf } from "../../engine/clock.ts";
import type { Filters } from "../../engine/engine.ts";
import { matchesLabel } from "../../engine/event-filter.ts";
import type { Image } from "../../image/images.ts";
import { familiar } from "../../oci/reference.ts";
import { invalid } from "../asked.ts";
import { createdSeconds, repoDigests, repoTags } from "../tell/image.ts";

type Test = (image: Image) => boolean;

const truths: Readonly<Record<string, boolean>> = { true: true, "1": true, false: false, "0": false };

/** The filters of GET /images/json; an unknown one is a 400, as a filter that does nothing would mislead. */
export function imageFilter(filters: Filters, resolve: (name: string) => Image): Test {
  const byKey: Readonly<Record<string, (value: string) => Test>> = {
    dangling: (value) => {
      const wanted = truths[value];
      if (wanted === undefined)
        throw invalid("filters.dangling", `invalid filter 'dangling=${value}': it is neither true nor false`);
      return (image) => (image.names.length === 0) === wanted;
    },
    label: (value) => (image) => matchesLabel(image.config.config.Labels, value),
    "label!": (value) => (image) => !matchesLabel(image.config.config.Labels, value),
    reference: (value) => {
      const pattern = referencePattern(value);
      return (image) => [...repoTags(image), ...repoDigests(image)].some((name) => pattern.test(name));
    },
    before: (value) => {
      const other = createdSeconds(resolve(value));
      return (image) => createdSeconds(image) < other;
    },
    since: (value) => {
      const other = createdSeconds(resolve(value));
      return (image) => createdSeconds(image) > other;
    },
    until: (value) => {
      const limit = momentOf(value) / 1000;
      return (image) => createdSeconds(image) < limit;
    },
  };
  const tests = Object.entries(filters).map(([key, values]): Test => {
    const make = byKey[key];
    if (make === undefined) throw invalid(`filters.${key}`, `invalid filter '${key}'`);
    const each = values.map(make);
    // Labels must all be there; of the others one value has to fit.
    return (image) =>
      key.startsWith("label") ? each.every((test) => test(image)) : each.some((test) => test(image));
  });
  return (image) => tests.every((test) => test(image));
}

/** What a line tells: where a filter asks for names, only those that fit, as dockerd has it. */
export function withNamesThatFit({ reference: asked }: Filters, image: Image): Image {
  if (asked === undefined) return image;
  const patterns = asked.map(referencePattern);
  const fits = (name: string) => patterns.some((pattern) => pattern.test(familiar(name)));
  return { ...image, names: image.names.filter(fits), repoDigests: image.repoDigests.filter(fits) };
}

/** Go's path.Match over the familiar name, with or without its tag. */
function referencePattern(value: string): RegExp {
  const source = value
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  try {
    return new RegExp(`^${source}([:@].*)?$`);
  } catch {
    throw invalid("filters.reference", `"${value}" is not a pattern`);
  }
}
