import { parseReference, type Reference, withDefaultRegistry } from "../../oci/reference.ts";
import type { Exchange } from "../exchange.ts";

export interface NamedBy {
  readonly reference: Reference;
  /** The registry that the name did not name: the client, who took it for another one, may have credentials for that. */
  readonly owner: string | undefined;
}

/** What a client's name means on this host. Throws REFERENCE_INVALID. */
export function namedBy(x: Exchange, text: string): NamedBy {
  const full = withDefaultRegistry(text, x.engine.images.registries().default);
  const reference = parseReference(full);
  return { reference, owner: full === text ? undefined : reference.domain };
}
