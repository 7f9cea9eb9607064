import type { Bandwidth } from "../../network/network.ts";
import { type Asked, integerOrNull, invalid, object } from "../asked.ts";

/** Bits a second: a frame of 1500 bytes still passes within two seconds; and what no interface has. */
const LEAST = 8_000;
const MOST = 1e12;

/** `NetworkBandwidth: {"In": 10000000, "Out": 0}`, bits a second, 0 for no limit; only what was said. INVALID_OPTION */
export function bandwidth(from: Asked): Partial<Bandwidth> {
  const asked = object(from, "NetworkBandwidth");
  const of = (name: "In" | "Out") => {
    const rate = integerOrNull(asked, name);
    if (rate !== null && rate !== 0 && (rate < LEAST || rate > MOST))
      throw invalid(
        asked.at + name,
        `it is not within ${LEAST} to ${MOST} bits a second, nor 0 for no limit`,
      );
    return rate;
  };
  const [into, out] = [of("In"), of("Out")];
  return {
    ...(into === null ? {} : { in: into || null }),
    ...(out === null ? {} : { out: out || null }),
  };
}
