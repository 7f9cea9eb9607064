Hello, this is no Dockerfile.
