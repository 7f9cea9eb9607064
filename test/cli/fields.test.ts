import { expect, test } from "bun:test";
import { inOptions } from "../../src/cli/fields.ts";

const why = "it is wrong";

test.each([
  ["HostConfig.RestartPolicy.Name", "--restart"],
  ["HostConfig.LogConfig.Config.max-size", "--log-opt"],
  ["HostConfig.LogConfig.Type", "--log-driver"],
  ["HostConfig.Binds[0]", "--volume"],
  ["Healthcheck.Interval", "--health-interval"],
  ["Healthcheck.Test", "--health-cmd"],
  ["NetworkingConfig.EndpointsConfig.web.MacAddress", "--mac-address"],
  ["NetworkingConfig.EndpointsConfig.web.Links", "--link"],
  ["Memory", "--memory"],
  ["Set.HostConfig.CapAdd", "--cap-add"],
  ["Remove.SecurityOpt", "--security-opt-rm"],
])("what is wrong with the field %s is told of %s", (field, option) => {
  expect(inOptions(`cannot use the request's "${field}": ${why}`)).toBe(`cannot use ${option}: ${why}`);
});

test("a field without an option, and every other message, stays as it is", () => {
  for (const message of [`cannot use the request's "Nobody": ${why}`, `cannot do it: ${why}`])
    expect(inOptions(message)).toBe(message);
});
