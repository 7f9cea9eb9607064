/** linux/netfilter.h, NFPROTO_*. */
export const families = { inet: 1, ip: 2, arp: 3, netdev: 5, bridge: 7, ip6: 10 } as const;

export type Family = keyof typeof families;

export const familyOf = (number: number | undefined): Family | undefined =>
  (Object.keys(families) as Family[]).find((name) => families[name] === number);
