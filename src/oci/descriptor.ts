import * as v from "valibot";
import { type Digest, isDigest } from "./digest.ts";
import { platformSchema } from "./platform.ts";

export const digestSchema = v.custom<Digest>(
  (input) => typeof input === "string" && isDigest(input),
  "is no sha256 or sha512 digest",
);

/** A descriptor (image-spec, descriptor.md): what a blob is, how large it is, and its digest. */
export const descriptorSchema = v.object({
  mediaType: v.string(),
  digest: digestSchema,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  urls: v.optional(v.array(v.string())),
  annotations: v.optional(v.record(v.string(), v.string())),
  artifactType: v.optional(v.string()),
  platform: v.optional(platformSchema),
});

export type Descriptor = v.InferOutput<typeof descriptorSchema>;
