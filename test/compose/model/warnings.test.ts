/** What is accepted and not acted on is told: a line each, once, with the services. */
import { expect, test } from "bun:test";
import { projectOfText } from "./support.ts";

test("what belongs to clusters, Windows, models and development is told apart", () => {
  const { warnings } = projectOfText(`services:
  web:
    image: web
    develop: {watch: [{path: ., action: rebuild}]}
    deploy: {mode: global, placement: {constraints: [a=b]}, update_config: {parallelism: 1}, labels: {a: b}}
    isolation: process
    models: [llm]
  api:
    image: api
    develop: {}
    network_mode: host
    ports: ["80:80"]
  db: {provider: {type: cloud}}
models: {llm: {model: x}}
`);
  expect(warnings).toEqual([
    "develop (web, api): is not acted on: watching files is not done",
    "models (web): is not acted on: models are not run",
    "provider (db): is not acted on: what it provides is not started; others may depend on it",
    "deploy.placement (web): is not acted on: is for clusters: containers run on this machine only",
    "deploy.update_config (web): is not acted on: is for clusters: containers run on this machine only",
    "deploy.labels (web): is not acted on: is for a cluster's services; a container has labels",
    "deploy.mode (web): is not acted on: is for clusters: containers run on this machine only",
    "isolation (web): is not acted on: is for Windows",
    "ports (api): is not acted on: with network_mode: host all of a container's ports are the host's",
  ]);
});

test("a command is told where it ends before its time", () => {
  const { warnings } = projectOfText('services: {web: {image: web, command: "a && b"}}\n');
  expect(warnings).toEqual([
    `services.web.command: "&& b" is left away, as no shell reads the line: for a shell's syntax write ["sh", "-c", "…"]`,
  ]);
});

test("what is acted on is not told", () => {
  expect(
    projectOfText(
      "services: {web: {image: web, deploy: {mode: replicated, replicas: 2, resources: {limits: {cpus: '1'}}}}}\n",
    ).warnings,
  ).toEqual([]);
});
