/** An image's name and its tag; a colon before a slash is a registry's port. */
export function nameAndTag(name: string): readonly [name: string, tag: string | undefined] {
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? [name.slice(0, colon), name.slice(colon + 1)] : [name, undefined];
}
