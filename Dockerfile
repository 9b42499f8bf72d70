# One image for every part: web, workers, beat, migrations. What it runs is in docker-compose.yml.
ARG PYTHON=python:3.13-slim-trixie

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 NUMBA_CACHE_DIR=/opt/chainmeet/kernels
RUN python -m venv /opt/chainmeet
WORKDIR /src
COPY requirements.lock ./
RUN /opt/chainmeet/bin/pip install --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY scheduler scheduler
COPY workers workers
COPY api api
COPY docs docs
COPY chainmeet chainmeet
# Compiled ahead: the bytecode and, for this kind of processor, the solver's kernels.
RUN /opt/chainmeet/bin/pip install --no-deps --no-build-isolation . \
 && /opt/chainmeet/bin/python -m compileall -q /opt/chainmeet/lib \
 && /opt/chainmeet/bin/chainmeet warm-up

FROM ${PYTHON}
# Rare Chinese characters in names, for what is printed: scheduler/invites/pdf/faces.py.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-babelstone-han && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --no-log-init --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin chainmeet
RUN install -d -o 10001 -g 10001 -m 700 /journal
RUN install -d -o 10001 -g 10001 -m 700 /packs
RUN install -d -o 10001 -g 10001 -m 700 /data
COPY --from=build /opt/chainmeet /opt/chainmeet
# Who builds a release names it; it must be the version of pyproject.toml.
ARG VERSION=unreleased
ARG REVISION=
ARG SOURCE=
RUN test "$VERSION" = unreleased || test "$(/opt/chainmeet/bin/chainmeet --version)" = "chainmeet, version $VERSION"
LABEL org.opencontainers.image.title="Chainmeet" \
      org.opencontainers.image.description="Schedules business-to-business meetings at large expos." \
      org.opencontainers.image.licenses="AGPL-3.0-or-later" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
# Processes of the web add their counters in this folder: api/metrics.py.
ENV PROMETHEUS_MULTIPROC_DIR=/tmp/metrics
ENV PATH=/opt/chainmeet/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/tmp/kernels
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
# Numba wants a cache that it can write to, and the image is read-only where it runs: a copy in /tmp.
ENTRYPOINT ["/bin/sh", "-c", "cp -r /opt/chainmeet/kernels /tmp/ && rm -rf /tmp/metrics && mkdir /tmp/metrics && exec \"$@\"", "chainmeet"]
CMD ["gunicorn", "--config", "python:api.gunicorn_config"]
