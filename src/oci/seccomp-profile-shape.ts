import { argumentShape } from "./runtime-spec-shape.ts";
import { anything, list, object, type Shape, text, uint32 } from "./shape.ts";

const texts = list(text);
const condition = object({}, { arches: texts, caps: texts, minKernel: text });
const rule = object(
  { action: text },
  {
    ...{ names: texts, name: text, errnoRet: uint32, args: list(argumentShape) },
    ...{ includes: condition, excludes: condition },
  },
);

/** Docker's profile format (https://docs.docker.com/engine/security/seccomp/), as people give it to a container. */
export const seccompProfileShape: Shape = object(
  { defaultAction: text },
  {
    ...{ defaultErrnoRet: uint32, architectures: texts, archMap: list(anything), flags: texts },
    ...{ listenerPath: text, listenerMetadata: text, syscalls: list(rule) },
  },
);
