/** The JSON pointer (RFC 6901) of what stands under these keys, from the outermost on; "" for none. */
export const jsonPointer = (keys: readonly unknown[]): string =>
  keys.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
