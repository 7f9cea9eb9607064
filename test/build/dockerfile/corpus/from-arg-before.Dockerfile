ARG  CODE_VERSION=latest
ARG REGISTRY=docker.io BASE
FROM ${REGISTRY}/base:${CODE_VERSION}
CMD  /code/run-app

FROM extras:${CODE_VERSION:-1}
CMD  /code/run-extras
