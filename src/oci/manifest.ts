import * as v from "valibot";
import { descriptorSchema } from "./descriptor.ts";

/** An image manifest (image-spec, manifest.md), Docker's schema 2 included. */
export const manifestSchema = v.object({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  artifactType: v.optional(v.string()),
  config: descriptorSchema,
  layers: v.array(descriptorSchema),
  /** The manifest that this one says something about. */
  subject: v.optional(descriptorSchema),
  annotations: v.optional(v.record(v.string(), v.string())),
});

export type Manifest = v.InferOutput<typeof manifestSchema>;
