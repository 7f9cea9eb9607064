from debian:12 as base
run echo hello
workdir /srv
user nobody
cmd ["true"]
