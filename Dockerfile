# The adapter on the official slim image. The image brings Node itself, so npm's Node packages (optional) stay out, and
# the sandbox with its development dependencies, too: a container always needs a configuration.
ARG NODE_VERSION=24.21

FROM node:${NODE_VERSION}-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund

FROM node:${NODE_VERSION}-slim
LABEL org.opencontainers.image.title="fhir-ai-adapter" \
      org.opencontainers.image.description="Brings the results of AI vendors for clinicians' orders back into a FHIR server, once" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    ADAPTER_CONFIG=/etc/fhir-ai-adapter/config.yaml
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
