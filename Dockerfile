# The adapter on the official slim image. The image brings Node itself, so npm's Node packages go again, and the sandbox
# with its development dependencies stays out: a container always needs a configuration.
ARG NODE_VERSION=24.21

FROM node:${NODE_VERSION}-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Not `--omit=optional`: the native parts of sharp and of the checksums are optional packages, too.
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:${NODE_VERSION}-slim
LABEL org.opencontainers.image.title="fhir-ai-adapter" \
      org.opencontainers.image.description="Brings the results of AI vendors for clinicians' orders back into a FHIR server, once" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    ADAPTER_CONFIG=/etc/fhir-ai-adapter/config.yaml
# As `npm start` has it: pieces of pictures go back to the system once they are through.
ENV MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=65536
# Words on drawings (the AI label, the names of findings) need a font.
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-dejavu-core && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# The embedded database stands in ./data where the configuration names no PostgreSQL; keep it on a volume.
RUN mkdir data && chown node:node data
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# As `npm start` runs it.
CMD ["node", "--max-semi-space-size=4", "src/main.ts"]
