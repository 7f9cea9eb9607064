import { isUtf8 } from "node:buffer";
import { InroError } from "../../oci/error.ts";
import { parseExactJson } from "../../oci/json.ts";
import type { RuntimeSpec, SpecProcess } from "../../oci/runtime-spec.ts";
import { processShape, specShape } from "../../oci/runtime-spec-shape.ts";
import type { Shape } from "../../oci/shape.ts";
import { absolutePath } from "../../platform/absolute-path.ts";
import { type Caller, readCallersFile } from "./caller.ts";

/** bundle.md: a folder with config.json; paths in it are relative to the folder. */
export interface Bundle {
  readonly path: string;
  readonly spec: RuntimeSpec;
  /** Absolute. */
  readonly rootfs: string;
}

export async function readBundle(caller: Caller, path: string): Promise<Bundle> {
  const folder = caller.path(path);
  return parseBundle(folder, await readConfig(caller, `${folder}/config.json`));
}

/** @param folder absolute */
export function parseBundle(folder: string, config: Buffer): Bundle {
  const spec = parseSpec(`${folder}/config.json`, config);
  const mounts = (spec.mounts ?? []).map((mount) => {
    const bind =
      mount.type === "bind" || mount.options?.some((option) => option === "bind" || option === "rbind");
    return bind && mount.source !== undefined
      ? { ...mount, source: absolutePath(folder, mount.source) }
      : mount;
  });
  return { path: folder, spec: { ...spec, mounts }, rootfs: absolutePath(folder, spec.root?.path ?? "") };
}

async function readConfig(caller: Caller, path: string): Promise<Buffer> {
  try {
    return await readCallersFile(caller, path);
  } catch (cause) {
    throw new InroError("BUNDLE_INVALID", {
      what: `cannot read the bundle's "${path}"`,
      why: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : String(cause),
      hint: "name the bundle's folder with --bundle",
      cause,
    });
  }
}

function parseSpec(path: string, bytes: Buffer): RuntimeSpec {
  // glossary.md, "JSON": all of it must be encoded in UTF-8.
  if (!isUtf8(bytes)) throw badSpec(path, "it is not UTF-8", "");
  try {
    return checked(specShape, parseExactJson(bytes.toString()), path) as RuntimeSpec;
  } catch (cause) {
    if (cause instanceof InroError) throw cause;
    throw badSpec(path, `it is not JSON: ${(cause as Error).message}`, "");
  }
}

/** A process by itself, which `exec` is given. */
export const checkProcess = (value: unknown, path: string): SpecProcess =>
  checked(processShape, value, path) as SpecProcess;

/** After this border every field that is there has the form that the specification gives it. */
function checked(shape: Shape, value: unknown, path: string): unknown {
  const misfit = shape(value);
  if (misfit === undefined) return value;
  throw badSpec(path, misfit.at === "" ? misfit.why : `${misfit.at}: ${misfit.why}`, misfit.at);
}

function badSpec(path: string, why: string, at: string): InroError {
  return new InroError("SPEC_INVALID", { what: `cannot use the specification in "${path}"`, why, at });
}
