// What a test of somebody's does with testcontainers for Node: a PostgreSQL of its own, from the image that is named.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { GenericContainer, Network, Wait } from "testcontainers";

const [image] = process.argv.slice(2);
const bin = "/usr/lib/postgresql/15/bin";
const serve = [
  `test -d /tmp/data || { ${bin}/initdb -D /tmp/data -A trust && echo host all all all trust >> /tmp/data/pg_hba.conf; }`,
  `exec ${bin}/postgres -D /tmp/data -h '*' -k /tmp`,
].join("; ");

/** PostgreSQL answers an SSLRequest (protocol 3.0, "SSL Session Encryption") with one letter. */
const knock = (host, port) =>
  new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.once("error", reject);
    socket.once("data", (answer) => {
      socket.destroy();
      resolve(answer.toString());
    });
    socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
  });

const started = [];
const begun = async (starting) => {
  const one = await starting;
  started.unshift(one);
  return one;
};

try {
  await scenario();
} finally {
  for (const one of started) await one.stop();
}
console.log("done");

async function scenario() {
  const network = await begun(new Network().start());
  const database = await begun(
    new GenericContainer(image)
      .withUser("postgres")
      .withNetwork(network)
      .withNetworkAliases("db")
      .withEnvironment({ PGUSER: "postgres" })
      .withLabels({ purpose: "test" })
      .withCopyContentToContainer([{ content: "select 6 * 7 as answer", target: "/tmp/query.sql" }])
      .withTmpFs({ "/scratch": "rw,size=1m" })
      .withExposedPorts(5432)
      .withCommand(["bash", "-c", serve])
      .withHealthCheck({
        test: ["CMD", `${bin}/pg_isready`, "-h", "/tmp"],
        interval: 200,
        retries: 100,
        timeout: 5000,
      })
      .withWaitStrategy(Wait.forAll([Wait.forHealthCheck(), Wait.forListeningPorts()]))
      .start(),
  );

  assert.match(await knock(database.getHost(), database.getMappedPort(5432)), /^[NS]$/);
  const psql = (...words) => database.exec(["psql", "-h", "/tmp", "-tA", ...words]);
  assert.deepEqual(
    await psql("-f", "/tmp/query.sql").then(({ output, exitCode }) => [output.trim(), exitCode]),
    ["42", 0],
  );
  assert.equal((await psql("-c", "create table t as select generate_series(1, 1000) as n")).exitCode, 0);
  assert.equal((await psql("-c", "select broken")).exitCode, 1);

  const client = await begun(
    new GenericContainer(image)
      .withNetwork(network)
      .withCommand(["psql", "-h", "db", "-U", "postgres", "-tA", "-c", "select 'sum:' || sum(n) from t"])
      .withWaitStrategy(Wait.forLogMessage("sum:500500"))
      .start(),
  );
  assert.ok(client.getId());

  await database.restart();
  assert.equal((await psql("-c", "select count(*) from t")).output.trim(), "1000");
}
