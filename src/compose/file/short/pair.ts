/** `KEY=VALUE`; a key alone has no value. */
export function pairOf(text: string): readonly [key: string, value: string | null] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, null] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** `HOST=ADDRESS` or `HOST:ADDRESS` of extra_hosts; an IPv6 address may stand in brackets. */
export function hostOf(text: string): readonly [host: string, address: string] | undefined {
  const match = /^([^=:]+)[=:](.+)$/.exec(text);
  if (match === null) return undefined;
  const [, host = "", address = ""] = match;
  return [host, address.replace(/^\[(.*)\]$/, "$1")];
}
