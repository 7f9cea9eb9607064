/** Scopes of tokens (distribution, token/scope): `repository:library/debian:pull,push`, separated by blanks. */

/** Both lists as one: each resource once, with all actions that either asks for. */
export function joinScopes(...lists: readonly string[]): string[] {
  const byResource = new Map<string, Set<string>>();
  for (const scope of lists.flatMap((list) => list.split(" ")).filter((each) => each !== "")) {
    const colon = scope.lastIndexOf(":");
    const resource = scope.slice(0, Math.max(colon, 0));
    const actions = byResource.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(",")) actions.add(action);
    byResource.set(resource, actions);
  }
  return [...byResource].map(([resource, actions]) => `${resource}:${[...actions].join(",")}`);
}
