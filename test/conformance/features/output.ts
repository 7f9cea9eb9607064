import { succeeded } from "../suite/execute.ts";
import type { World } from "../suite/world.ts";

/** features.md and features-linux.md; everything but the versions may be absent. */
export interface Features {
  readonly ociVersionMin: string;
  readonly ociVersionMax: string;
  readonly hooks?: readonly string[];
  readonly mountOptions?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: {
    readonly namespaces?: readonly string[];
    readonly capabilities?: readonly string[];
    readonly seccomp?: {
      readonly actions?: readonly string[];
      readonly operators?: readonly string[];
      readonly archs?: readonly string[];
      readonly knownFlags?: readonly string[];
      readonly supportedFlags?: readonly string[];
    };
    readonly memoryPolicy?: { readonly modes?: readonly string[]; readonly flags?: readonly string[] };
    readonly mountExtensions?: { readonly idmap?: { readonly enabled?: boolean } };
  };
}

export async function featuresOf(c: World): Promise<Features> {
  return JSON.parse(succeeded(await c.runtime("features")).stdout) as Features;
}
