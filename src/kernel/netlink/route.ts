import {
  addressBytes,
  addressFamilies,
  familyOf,
  formatAddress,
  lastOf,
  parseAddress,
  subnetOf,
} from "../../oci/address.ts";
import { bytes, u32 } from "./attribute.ts";
import { MADE, type Message } from "./message.ts";

/** linux/rtnetlink.h. */
const RTM = { NEWADDR: 20, NEWROUTE: 24 } as const;
/** linux/if_addr.h. */
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const;
const IFA_F_NODAD = 2;
const RTA = { OIF: 4, GATEWAY: 5 } as const;

/** linux/rtnetlink.h, RT_SCOPE_LINK. */
const SCOPE_LINK = 253;

/**
 * Gives an interface an address, and with it the route to its subnet. One of IPv6 is used at once: whoever gives addresses
 * out knows that nobody else has it (RFC 4862, section 5.4, would wait). The interface is up then: before, its routes of IPv6
 * are refused.
 */
export function addAddress(to: { index: number; address: string; prefix: number }): Message {
  const family = familyOf(to.address);
  const address = addressBytes(to.address);
  const body = new Uint8Array(8);
  body.set([addressFamilies[family], to.prefix, family === 6 ? IFA_F_NODAD : 0]);
  new DataView(body.buffer).setUint32(4, to.index, true);
  const value = lastOf(subnetOf(parseAddress(to.address), to.prefix));
  const broadcast = bytes(IFA.BROADCAST, addressBytes(formatAddress({ family, value })));
  return {
    type: RTM.NEWADDR,
    flags: MADE,
    body,
    attributes: [
      bytes(IFA.LOCAL, address),
      bytes(IFA.ADDRESS, address),
      ...(family === 4 ? [broadcast] : []),
    ],
  };
}

/** A default route: everything of a family that no other route takes goes to the gateway, or `direct`, straight to the wire. */
export function addDefaultRoute(gateway: string, index: number, direct = false): Message {
  const mainTable = 254;
  const setByBoot = 3;
  const unicast = 1;
  const body = new Uint8Array(12);
  const scope = direct ? SCOPE_LINK : 0;
  body.set([addressFamilies[familyOf(gateway)], 0, 0, 0, mainTable, setByBoot, scope, unicast]);
  return {
    type: RTM.NEWROUTE,
    flags: MADE,
    body,
    attributes: [...(direct ? [] : [bytes(RTA.GATEWAY, addressBytes(gateway))]), u32(RTA.OIF, index)],
  };
}
