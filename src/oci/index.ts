import * as v from "valibot";
import { descriptorSchema } from "./descriptor.ts";

/** An image index (image-spec, image-index.md), Docker's manifest list included; also a layout's index.json. */
export const indexSchema = v.object({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  artifactType: v.optional(v.string()),
  manifests: v.array(descriptorSchema),
  /** The manifest that this one says something about. */
  subject: v.optional(descriptorSchema),
  annotations: v.optional(v.record(v.string(), v.string())),
});

export type ImageIndex = v.InferOutput<typeof indexSchema>;
