/** HostConfig.NetworkBandwidth: bits a second, 0 for no limit; a direction that was not named is left out. */
export type NetworkBandwidth = { readonly [D in "In" | "Out"]?: number };

/** tc(8), "RATES": bits or bytes a second, by thousands or by 1024. */
const prefixes = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/** `in=10mbit,out=5mbit`, or `none`. An Error completes `cannot use "…" for --network-bandwidth: …`. */
export function networkBandwidth(text: string): NetworkBandwidth {
  if (text === "none") return { In: 0, Out: 0 };
  const found: { In?: number; Out?: number } = {};
  for (const part of text.split(",")) {
    const [, direction, rate] = /^(in|out)=(.+)$/.exec(part) ?? [];
    if (direction === undefined || rate === undefined)
      throw new Error(`"${part}" is not in=RATE or out=RATE (write in=10mbit,out=5mbit, or none)`);
    found[direction === "in" ? "In" : "Out"] = bitsPerSecond(rate);
  }
  return found;
}

function bitsPerSecond(rate: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:([kmgt]i?|)(bit|bps))?$/i.exec(rate);
  if (match === null)
    throw new Error(`"${rate}" is not a rate (write 10mbit, 500kbit or 2gbit, or in bytes 1mbps)`);
  const [, amount, prefix = "", unit = "bit"] = match;
  const size = prefixes[prefix.toLowerCase() as keyof typeof prefixes];
  return Math.round(Number(amount) * size * (unit.toLowerCase() === "bps" ? 8 : 1));
}
