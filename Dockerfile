# livereel with a configuration at /config/config.yaml and its data at /data; compose.yaml and docs/install.md use it.
# The tests run on this Debian and this Python. Alpine is no choice: OpenCV has no wheels for musl.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# Parts that are installed with it: docs/install.md lists them.
ARG EXTRAS=openai,notify
WORKDIR /src
RUN python3 -m venv /opt/livereel
COPY . .
RUN /opt/livereel/bin/pip install --no-cache-dir --disable-pip-version-check ".[${EXTRAS}]"

FROM ${BASE}
RUN groupadd --gid 1000 livereel \
    && useradd --uid 1000 --gid 1000 --home-dir /data --no-create-home --shell /usr/sbin/nologin livereel \
    && install -d -o 1000 -g 1000 -m 750 /data \
    && install -d /config
COPY --from=build /opt/livereel /opt/livereel
ENV PATH=/opt/livereel/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 1000:1000
WORKDIR /data
VOLUME /data
EXPOSE 8090
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8090/healthz', timeout=5)"]
# It listens at all addresses of the container, so it does not start without web.token.
ENTRYPOINT ["livereel"]
CMD ["run", "/config/config.yaml", "--host", "0.0.0.0"]
