# The platform's image: backend with its console, exporter and the demo's load, from one locked
# environment.
ARG PYTHON_IMAGE=python:3.13.14-slim-bookworm

# The console: Node.js comes as a wheel pinned by hash, its packages from their lock; neither stays.
FROM ${PYTHON_IMAGE} AS console
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY stack/__init__.py stack/console.py stack/settings.py stack/
COPY frontend frontend
RUN --mount=type=cache,target=/root/.npm --mount=type=cache,target=/root/.cache/uv \
    python -m stack.console

# The environment: wheels pinned by hash, compiled once.
FROM ${PYTHON_IMAGE} AS environment
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==0.13.9 && python -m venv /opt/venv
COPY deploy/docker/requirements.lock /build/requirements.lock
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip sync --python /opt/venv/bin/python --require-hashes /build/requirements.lock
WORKDIR /app
COPY . .
# Editable, as in development: files are found beside the code.
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/venv/bin/python --no-deps --no-build-isolation -e instrumentation -e . \
    && python -m compileall -q instrumentation/src alerts backend deploy promql stack tracestore \
    && rm -r frontend

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="nautilus-monitoring" \
      org.opencontainers.image.description="Monitored backtests on NautilusTrader" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Named volumes take owner and mode of these folders at their first use.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin nautobs \
    && install -d -o nautobs -g nautobs -m 0750 /data /metrics \
    && install -d /app/data_downloads
COPY --from=environment /opt/venv /opt/venv
COPY --from=environment /app /app
COPY --from=console /app/frontend/pages.json /app/frontend/pages.json
COPY --from=console /app/frontend/dist /app/frontend/dist
WORKDIR /app
USER 10001:10001
EXPOSE 8000 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-m", "deploy.healthy", "http://backend:8000/api/health"]
CMD ["python", "-m", "backend"]
