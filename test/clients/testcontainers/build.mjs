// What a test of somebody's does with testcontainers for Node: a server from a Dockerfile of its own.
import assert from "node:assert/strict";
import { GenericContainer, Wait } from "testcontainers";

const [folder] = process.argv.slice(2);

const image = await GenericContainer.fromDockerfile(folder, "Serve.Dockerfile")
  .withBuildArgs({ PAGE: "built here" })
  .withTarget("server")
  .withCache(false)
  .build("localhost/built:1", { deleteOnExit: false });
const server = await image.withExposedPorts(8080).withWaitStrategy(Wait.forListeningPorts()).start();
try {
  const answer = await fetch(`http://${server.getHost()}:${server.getMappedPort(8080)}/index.html`);
  assert.equal(await answer.text(), "built here\n");
} finally {
  await server.stop();
}
await assert.rejects(
  GenericContainer.fromDockerfile(folder, "Bad.Dockerfile").build(),
  /Failed to build image/,
);
console.log("done");
