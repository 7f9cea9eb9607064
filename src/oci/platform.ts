import * as v from "valibot";
import { InroError } from "./error.ts";

export const platformSchema = v.object({
  architecture: v.string(),
  os: v.string(),
  variant: v.optional(v.string()),
  "os.version": v.optional(v.string()),
  "os.features": v.optional(v.array(v.string())),
});

/** What an image was built for, in Go's names (image-spec, image-index.md "platform"). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const goArchitecture: Readonly<Record<string, Platform>> = {
  x64: { os: "linux", architecture: "amd64" },
  arm64: { os: "linux", architecture: "arm64", variant: "v8" },
};

/** The platform that this machine runs natively. */
export function hostPlatform(): Platform {
  return goArchitecture[process.arch] ?? { os: "linux", architecture: process.arch };
}

const aliases: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  "x86-64": "amd64",
  aarch64: "arm64",
  armhf: "arm",
  i386: "386",
};

/** Reads `os/architecture[/variant]`, or an architecture alone, as docker's `--platform` does. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  if (parts.some((part) => !/^[a-z0-9_.-]+$/.test(part)) || parts.length > 3) {
    throw new InroError("PLATFORM_INVALID", {
      what: `cannot use ${JSON.stringify(text)} as a platform`,
      why: "a platform is os/architecture or os/architecture/variant",
      hint: "for example linux/amd64 or linux/arm64/v8",
    });
  }
  const [os, architecture, variant] = parts.length === 1 ? ["linux", ...parts] : parts;
  const named = aliases[architecture ?? ""] ?? architecture ?? "";
  return variant === undefined
    ? { os: os ?? "linux", architecture: named }
    : { os: os ?? "linux", architecture: named, variant };
}

export function formatPlatform(p: Platform): string {
  return [p.os, p.architecture, ...(p.variant === undefined || p.variant === "" ? [] : [p.variant])].join(
    "/",
  );
}

/** Whether an image for `offered` satisfies `wanted`; a variant counts only where both name one (arm64 is v8). */
export function matchesPlatform(offered: Platform, wanted: Platform): boolean {
  if (offered.os !== wanted.os || offered.architecture !== wanted.architecture) return false;
  const variant = offered.variant ?? "";
  return variant === "" || wanted.variant === undefined || variant === wanted.variant;
}
