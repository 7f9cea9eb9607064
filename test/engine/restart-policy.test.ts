import { describe, expect, test } from "bun:test";
import { nextDelay, runsAgain } from "../../src/engine/life/restart-policy.ts";
import type { RestartPolicy } from "../../src/engine/options.ts";

describe("Docker's rules of restarting", () => {
  test("100 ms, doubled up to a minute; a run of ten seconds begins anew, and doubles from there", () => {
    const delays = [0];
    for (let restart = 0; restart < 12; restart++) delays.push(nextDelay(delays.at(-1) ?? 0, 50));
    expect(delays.slice(1)).toEqual([
      ...[100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000],
    ]);
    expect(nextDelay(60_000, 9_999)).toBe(60_000);
    expect(nextDelay(60_000, 10_000)).toBe(100);
    expect(nextDelay(100, 50)).toBe(200);
  });

  test("who runs again", () => {
    const policy = (name: RestartPolicy["name"], maximumRetries = 0) => ({ name, maximumRetries });
    const end = (code: number, stoppedByUser = false) => ({ code, ran: 50, stoppedByUser });
    expect(runsAgain(policy("no"), end(1), 0)).toBe(false);
    for (const code of [0, 1, 137]) {
      expect(runsAgain(policy("always"), end(code), 1000)).toBe(true);
      expect(runsAgain(policy("unless-stopped"), end(code), 1000)).toBe(true);
      expect(runsAgain(policy("always"), end(code, true), 0)).toBe(false);
      expect(runsAgain(policy("unless-stopped"), end(code, true), 0)).toBe(false);
    }
    expect(runsAgain(policy("on-failure"), end(0), 0)).toBe(false);
    expect(runsAgain(policy("on-failure"), end(1), 1000)).toBe(true);
    expect(runsAgain(policy("on-failure", 3), end(1), 2)).toBe(true);
    expect(runsAgain(policy("on-failure", 3), end(1), 3)).toBe(false);
    expect(runsAgain(policy("on-failure", 3), end(1, true), 0)).toBe(false);
  });
});
