/** Undefined for what cannot be found out: the build will say why, and better. */
export function attempt<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}
