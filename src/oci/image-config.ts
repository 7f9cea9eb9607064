import * as v from "valibot";
import { digestSchema } from "./descriptor.ts";

// config.md: "Any OPTIONAL field MAY also be set to null, which is equivalent to being absent."
const text = v.nullish(v.string(), "");
const texts = v.nullish(v.array(v.string()));
const set = v.nullish(v.record(v.string(), v.unknown()), {});

const healthcheckSchema = v.object({
  Test: v.nullish(v.array(v.string()), []),
  Interval: v.nullish(v.number(), 0),
  Timeout: v.nullish(v.number(), 0),
  StartPeriod: v.nullish(v.number(), 0),
  StartInterval: v.nullish(v.number(), 0),
  Retries: v.nullish(v.number(), 0),
});

const executionSchema = v.object({
  User: text,
  ExposedPorts: set,
  Env: v.nullish(v.array(v.string()), []),
  /** null: none given, which differs from an empty list. */
  Entrypoint: texts,
  Cmd: texts,
  Volumes: set,
  WorkingDir: text,
  Labels: v.nullish(v.record(v.string(), v.string()), {}),
  StopSignal: text,
  StopTimeout: v.nullish(v.number()),
  Shell: texts,
  OnBuild: texts,
  Healthcheck: v.nullish(healthcheckSchema),
});

const historySchema = v.object({
  created: v.nullish(v.string()),
  created_by: v.nullish(v.string()),
  author: v.nullish(v.string()),
  comment: v.nullish(v.string()),
  empty_layer: v.nullish(v.boolean()),
});

/** An image's configuration (image-spec, config.md, and Docker's additions that images carry). */
export const imageConfigSchema = v.object({
  created: text,
  author: text,
  architecture: text,
  variant: v.nullish(v.string()),
  os: v.nullish(v.string(), "linux"),
  config: v.nullish(executionSchema, {}),
  rootfs: v.object({ type: v.string(), diff_ids: v.nullish(v.array(digestSchema), []) }),
  history: v.nullish(v.array(historySchema), []),
});

export type ImageConfig = v.InferOutput<typeof imageConfigSchema>;
export type ExecutionConfig = ImageConfig["config"];
