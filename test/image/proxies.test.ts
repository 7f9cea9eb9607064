import { describe, expect, test } from "bun:test";
import { proxiesOf, proxyFor } from "../../src/image/registry/proxy.ts";

const through = (url: string, environment: Record<string, string>) =>
  proxyFor(new URL(url), proxiesOf({ HTTP_PROXY: "plain:1", HTTPS_PROXY: "http://tls:2", ...environment }));

describe("proxies of the environment", () => {
  test("each scheme has its own, small letters go before capitals, and an address without a scheme is http", () => {
    expect(through("http://a.test/", {})).toBe("http://plain:1");
    expect(through("https://a.test/", {})).toBe("http://tls:2");
    expect(through("https://a.test/", { https_proxy: "http://small:3" })).toBe("http://small:3");
    expect(proxyFor(new URL("https://a.test/"), proxiesOf({ HTTP_PROXY: "plain:1" }))).toBeUndefined();
  });

  test.each(["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])("%s is never reached through one", (host) => {
    expect(through(`https://${host}:5000/`, {})).toBeUndefined();
  });

  test.each([
    ["a.test", "https://a.test/", true],
    ["a.test", "https://b.a.test/", true],
    ["a.test", "https://ba.test/", false],
    [".a.test", "https://a.test/", false],
    [".a.test", "https://b.a.test/", true],
    ["*.a.test", "https://b.a.test/", true],
    ["A.Test", "https://a.test/", true],
    ["x, a.test", "https://a.test/", true],
    ["a.test:5000", "https://a.test:5000/", true],
    ["a.test:5000", "https://a.test/", false],
    ["a.test:443", "https://a.test/", true],
    ["10.0.0.0/8", "http://10.200.3.4/", true],
    ["10.0.0.0/8", "http://11.0.0.1/", false],
    ["10.0.0.0/99", "http://10.0.0.1/", false],
    ["10.0.0.1", "http://10.0.0.1:5000/", true],
    ["10.0.0.1:5001", "http://10.0.0.1:5000/", false],
    ["0.0.1", "http://10.0.0.1/", false],
    ["fd00::/8", "http://[fd12::1]/", true],
    ["[fd12::1]:80", "http://[fd12::1]/", true],
    ["fd12::1", "http://[fd12::1]/", true],
    ["*", "https://a.test/", true],
  ])("NO_PROXY=%s and %s", (except, url, isDirect) => {
    expect(through(url, { NO_PROXY: except }) === undefined).toBe(isDirect);
  });
});
