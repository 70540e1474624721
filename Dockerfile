# The client of docker-connector. First `deno task compile --target x86_64-unknown-linux-gnu` (aarch64-unknown-linux-gnu
# for an arm64 Engine), then `docker build .` or, for a tar with its image's id beside it, `deno task image`.
ARG DEBIAN=debian:12-slim

# The stage has the processor that the image is for, so what it gathers fits: with `docker buildx build --platform` too.
FROM ${DEBIAN} AS gather
RUN apt-get update && apt-get install -y --no-install-recommends iptables
COPY packaging/image/ /build/
COPY dist/ /build/dist/
RUN sh /build/gather.sh /build/dist /image

FROM scratch
COPY --from=gather /image/ /

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mac-docker-connector" \
      org.opencontainers.image.description="Lets a desktop reach containers by their IP addresses: the side in Docker's virtual machine" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"

HEALTHCHECK --interval=15s --timeout=5s --start-period=15s --retries=3 \
  CMD ["/usr/bin/docker-connector-client", "health"]
ENTRYPOINT ["/usr/bin/docker-connector-client"]
