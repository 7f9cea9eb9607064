FROM debian:12 AS base
FROM base AS base
