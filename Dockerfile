# The client of docker-connector. `deno task image` puts its root file system together in dist/image and builds this.
FROM scratch

COPY dist/image/ /

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mac-docker-connector" \
      org.opencontainers.image.description="Lets a desktop reach containers by their IP addresses: the side in Docker's virtual machine" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"

# /dev/shm can be written with --read-only too.
ENV DOCKER_CONNECTOR_CONTROL=/dev/shm/docker-connector-client.sock
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s --retries=3 \
  CMD ["/usr/bin/docker-connector-client", "health"]
ENTRYPOINT ["/usr/bin/docker-connector-client"]
